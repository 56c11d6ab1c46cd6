-- What a reader of findings needs beside pairs: who it is, and one shortest path for each part of
-- each duty, with the line of the membership that it begins with.
create table hop as
with recursive hop(grp, part, dist, next) using key (grp, part) as (
    select grp, part, 0, null::varchar from direct
    union
    select n.child, h.part, h.dist + 1, min(n.parent)
    from hop h
    join nested n on n.parent = h.grp
    left join recurring.hop old on old.grp = n.child and old.part = h.part
    where old.grp is null
    group by n.child, h.part, h.dist
)
select * from hop;

create table path as
with recursive path(grp, part, words) as (
    select grp, part, grp || ' > ' || what from direct
    union all
    select h.grp, h.part, h.grp || ' > ' || p.words
    from path p join hop h on h.next = p.grp and h.part = p.part
)
select * from path;

create table asked as
select distinct f.person, s.duty
from finding f join slot s using (rule);

-- For each part of a duty, the membership nearest to it; ties by the name of the group.
create table part_held as
select k.person, k.duty, m.account, h.part, arg_min((m.grp, m.line), (h.dist, m.grp)) as first
from asked k
join account a using (person)
join member m using (account)
join hop h using (grp)
join part p on p.part = h.part and p.duty = k.duty
group by k.person, k.duty, m.account, h.part;

create table duty_held as
select person, duty, min(account) as account
from (
    select h.person, h.duty, h.account
    from part_held h join duty d using (duty)
    group by h.person, h.duty, h.account, d.parts
    having count(*) = d.parts
)
group by person, duty;

create table leg as
select f.rule, f.person, s.slot, min(s.duty) as duty
from finding f
join slot s using (rule)
join duty_held d on d.person = f.person and d.duty = s.duty
group by f.rule, f.person, s.slot;

create table human as
select * from read_csv('{world}/people.csv', all_varchar = true);
