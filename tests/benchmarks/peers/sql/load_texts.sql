-- Tables of texts as they stand in the files; only memberships that give something.
create table account as
select login as account, employee_id as person
from read_csv('{world}/accounts.csv', all_varchar = true)
where enabled = 'yes';

create table member as
select login as account, "group" as grp
from read_csv('{world}/members.csv', all_varchar = true)
where (valid_until is null or valid_until >= '{as_of}') and self_granted is null;

create table nested as
select "group" as child, parent
from read_csv('{world}/nesting.csv', all_varchar = true);

create table direct as
select distinct r."group" as grp, p.part
from read_csv('{world}/rights.csv', all_varchar = true) r
join part p on p.action = r."right";
