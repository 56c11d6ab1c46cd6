-- Tables of texts as they stand in the files; only memberships that give something.
create table account as
select login as account, employee_id as person
from read_csv('{world}/accounts.csv', all_varchar = true)
where enabled = 'yes';

create table member as
select m.login as account, m."group" as grp, {line} as line
from {members} m
where (m.valid_until is null or m.valid_until >= '{as_of}') and m.self_granted is null;

create table nested as
select "group" as child, parent
from read_csv('{world}/nesting.csv', all_varchar = true);

create table direct as
select r."group" as grp, p.part, min(r."right" || ' on ' || r.resource) as what
from read_csv('{world}/rights.csv', all_varchar = true) r
join part p on p.action = r."right"
group by r."group", p.part;
