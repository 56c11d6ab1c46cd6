copy (select rule, person as employee_id from finding) to '{out}/findings.csv' (header);
