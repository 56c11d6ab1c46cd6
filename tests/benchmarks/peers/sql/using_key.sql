-- One row for each group, replaced while it grows: recursion over a table with a key.
create table reach as
with recursive reach(grp, mask) using key (grp) as (
    select grp, bit_or(1::bigint << part) as mask from direct group by grp
    union
    select n.child, bit_or(r.mask) | coalesce(any_value(old.mask), 0)
    from reach r
    join nested n on n.parent = r.grp
    left join recurring.reach old on old.grp = n.child
    where r.mask & ~coalesce(old.mask, 0) <> 0
    group by n.child
)
select grp, mask from reach;
