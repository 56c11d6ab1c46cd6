copy (
    select rule, employee_id from finding join person_text using (person)
) to '{out}/findings.csv' (header);
