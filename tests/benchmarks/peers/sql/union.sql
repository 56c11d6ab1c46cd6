-- Sets all the way: one row for each group and part, account and part, person and duty.
create table finding as
with recursive reach(grp, part) as (
    select grp, part from direct
    union
    select n.child, r.part
    from reach r join nested n on n.parent = r.grp
),
account_part as (
    select distinct m.account, r.part
    from member m join reach r using (grp)
),
account_duty as (
    select a.account, p.duty
    from account_part a
    join part p using (part)
    join duty d using (duty)
    group by a.account, p.duty, d.parts
    having count(*) = d.parts
),
person_duty as (
    select distinct a.person, d.duty
    from account_duty d join account a using (account)
)
select s.rule, p.person
from person_duty p
join slot s using (duty)
join rule r on r.rule = s.rule
group by s.rule, p.person, r.need
having count(distinct s.slot) >= r.need;
