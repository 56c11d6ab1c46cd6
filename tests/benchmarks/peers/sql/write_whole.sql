copy people_row to '{out}/people.parquet' (compression zstd);
copy account_row to '{out}/accounts.parquet' (compression zstd);
copy member_row to '{out}/members.parquet' (compression zstd);
copy nesting_row to '{out}/nesting.parquet' (compression zstd);
copy right_row to '{out}/rights.parquet' (compression zstd);

copy (
    select f.rule, h.employee_id, h.name, h.email, h.department, h.title, h.status
    from finding f join people_row h on h.employee_id = f.person
) to '{out}/findings.csv' (header);

copy (
    select
        rule, person as employee_id, name, slot, action,
        generate_subscripts(steps, 1) as hop,
        unnest(steps, recursive := true)
    from told
) to '{out}/paths.csv' (header);

copy (
    select
        f.rule, h.employee_id, h.name, h.email, h.department, h.title, h.status,
        list((t.slot, t.action, t.steps)::struct(slot integer, action varchar, steps {hop}[]))
            as legs
    from finding f
    join people_row h on h.employee_id = f.person
    join told t on t.rule = f.rule and t.person = f.person
    group by all
) to '{out}/findings.json' (array true);
