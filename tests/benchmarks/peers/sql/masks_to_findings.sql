-- One OR over memberships, duties and rules as bit tests over the distinct masks.
create table account_mask as
select m.account, bit_or(r.mask) as mask
from member m join reach r using (grp)
group by m.account;

create table mask_duties as
select m.mask, bit_or(1::bigint << d.duty) as duties
from (select distinct mask from account_mask) m
join duty d on (m.mask & d.mask) = d.mask
group by m.mask;

create table person_mask as
select a.person, bit_or(d.duties) as duties
from account_mask m
join mask_duties d using (mask)
join account a using (account)
group by a.person;

create table finding as
with broken as (
    select m.duties, s.rule
    from (select distinct duties from person_mask) m
    join slot_mask s on (m.duties & s.mask) <> 0
    join rule r on r.rule = s.rule
    group by m.duties, s.rule, r.need
    having count(*) >= r.need
)
select b.rule, p.person
from person_mask p join broken b using (duties);
