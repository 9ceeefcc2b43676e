select * from {{ source("raw", "page_loads") }}
