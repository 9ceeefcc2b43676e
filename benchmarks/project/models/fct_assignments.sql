select * from {{ source("raw", "assignments") }}
