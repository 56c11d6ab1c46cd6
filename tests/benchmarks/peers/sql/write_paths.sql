copy (
    select f.rule, h.employee_id, h.name, h.email, h.department, h.title, h.status
    from finding f join human h on h.employee_id = f.person
) to '{out}/findings.csv' (header);

copy (
    select l.rule, h.employee_id, h.name, l.slot, p.action,
        h.name || ' > ' || t.account || ' > ' || w.words as path,
        'members.csv line ' || t.first[2] as source
    from leg l
    join human h on h.employee_id = l.person
    join duty_held d on d.person = l.person and d.duty = l.duty
    join part_held t on t.person = l.person and t.duty = l.duty and t.account = d.account
    join path w on w.grp = t.first[1] and w.part = t.part
    join part p on p.part = t.part
) to '{out}/paths.csv' (header);
