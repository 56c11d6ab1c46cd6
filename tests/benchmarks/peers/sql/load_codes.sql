-- The same as numbers, coded here so that joins compare integers; person_text turns them back.
create table account_text as
select login, employee_id, enabled = 'yes' as enabled, row_number() over () as account
from read_csv('{world}/accounts.csv', all_varchar = true);

create table person_text as
select employee_id, row_number() over () as person
from (select distinct employee_id from account_text);

create table account as
select a.account, p.person
from account_text a join person_text p using (employee_id)
where a.enabled;

create table member_text as
select login, "group"
from read_csv('{world}/members.csv', all_varchar = true)
where (valid_until is null or valid_until >= '{as_of}') and self_granted is null;

create table nested_text as
select "group" as child, parent
from read_csv('{world}/nesting.csv', all_varchar = true);

create table direct_text as
select distinct r."group", p.part
from read_csv('{world}/rights.csv', all_varchar = true) r
join part p on p.action = r."right";

create table group_text as
select name, row_number() over () as grp
from (
    select distinct "group" as name from member_text
    union select child from nested_text
    union select parent from nested_text
    union select "group" from direct_text
);

create table member as
select a.account, g.grp
from member_text m
join account_text a using (login)
join group_text g on g.name = m."group";

create table nested as
select c.grp as child, p.grp as parent
from nested_text n
join group_text c on c.name = n.child
join group_text p on p.name = n.parent;

create table direct as
select g.grp, d.part
from direct_text d join group_text g on g.name = d."group";

drop table member_text;
