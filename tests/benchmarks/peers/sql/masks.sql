-- Groups by UNION, one row for each group and part, then a mask for each group.
create table reach as
with recursive closed(grp, part) as (
    select grp, part from direct
    union
    select n.child, c.part
    from closed c join nested n on n.parent = c.grp
)
select grp, bit_or(1::bigint << part) as mask
from closed
group by grp;
