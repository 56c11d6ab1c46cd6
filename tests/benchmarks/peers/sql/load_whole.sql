-- Every row of every file with its line, each different row once, as a snapshot keeps them.
create table people_row as
select *, row_number() over () + 1 as line
from read_csv('{world}/people.csv', all_varchar = true);

create table account_row as
select *, row_number() over () + 1 as line
from read_csv('{world}/accounts.csv', all_varchar = true);

create table member_row as
select login, "group", valid_until, condition, self_granted, min(line) as line
from (
    select *, row_number() over () + 1 as line
    from read_csv('{world}/members.csv', all_varchar = true)
)
group by all;

create table nesting_row as
select "group", parent, min(line) as line
from (
    select *, row_number() over () + 1 as line
    from read_csv('{world}/nesting.csv', all_varchar = true)
)
group by all;

create table right_row as
select "group", "right", resource, min(line) as line
from (
    select *, row_number() over () + 1 as line
    from read_csv('{world}/rights.csv', all_varchar = true)
)
group by all;

create table account as
select login as account, employee_id as person, line
from account_row
where enabled = 'yes';

create table member as
select login as account, "group" as grp, line
from member_row
where (valid_until is null or valid_until >= '{as_of}') and self_granted is null;

create table nested as
select "group" as child, parent, line
from nesting_row;

create table direct as
select
    r."group" as grp,
    p.part,
    arg_min((r."right" || ' on ' || r.resource, r.line), r."right" || r.resource) as first
from right_row r
join part p on p.action = r."right"
group by r."group", p.part;
