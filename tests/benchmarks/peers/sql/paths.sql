-- One shortest path for each part of each duty of a finding, every hop with its file and line.
create table hop as
with recursive hop(grp, part, dist, next, line) using key (grp, part) as (
    select grp, part, 0, null::varchar, null::bigint from direct
    union
    select n.child, h.part, h.dist + 1, min(n.parent), arg_min(n.line, n.parent)
    from hop h
    join nested n on n.parent = h.grp
    left join recurring.hop old on old.grp = n.child and old.part = h.part
    where old.grp is null
    group by n.child, h.part, h.dist
)
select * from hop;

create table path as
with recursive path(grp, part, steps) as (
    select grp, part, [(grp, first[1], 'rights.csv', first[2])::{hop}]
    from direct
    union all
    select h.grp, h.part, list_prepend((h.grp, h.next, 'nesting.csv', h.line)::{hop}, p.steps)
    from path p join hop h on h.next = p.grp and h.part = p.part
)
select * from path;

create table asked as
select distinct f.person, s.duty
from finding f join slot s using (rule);

-- For each part of a duty, the membership nearest to it; ties by the name of the group.
create table part_held as
select
    k.person,
    k.duty,
    m.account,
    any_value(a.line) as account_line,
    h.part,
    arg_min((m.grp, m.line), (h.dist, m.grp)) as first
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

create table told as
select
    l.rule,
    l.person,
    h.name,
    l.slot,
    p.action,
    list_concat(
        [
            (h.name, t.account, 'accounts.csv', t.account_line)::{hop},
            (t.account, t.first[1], 'members.csv', t.first[2])::{hop}
        ],
        w.steps
    ) as steps
from leg l
join people_row h on h.employee_id = l.person
join duty_held d on d.person = l.person and d.duty = l.duty
join part_held t on t.person = l.person and t.duty = l.duty and t.account = d.account
join path w on w.grp = t.first[1] and w.part = t.part
join part p on p.part = t.part;
