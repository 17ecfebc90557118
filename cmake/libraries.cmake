# Debian's libraries as imported targets, each linked PRIVATE to the one room that may name it.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)

find_path(PG_QUERY_INCLUDE pg_query.h REQUIRED)
find_library(PG_QUERY_LIBRARY pg_query REQUIRED)
add_library(pgr_ext_pg_query INTERFACE)
target_include_directories(pgr_ext_pg_query SYSTEM INTERFACE ${PG_QUERY_INCLUDE})
target_link_libraries(pgr_ext_pg_query INTERFACE ${PG_QUERY_LIBRARY})

# xxHash is compiled in (XXH_INLINE_ALL): libpg_query exports XXH symbols of its own.
find_path(XXHASH_INCLUDE xxhash.h REQUIRED)
add_library(pgr_ext_xxhash INTERFACE)
target_include_directories(pgr_ext_xxhash SYSTEM INTERFACE ${XXHASH_INCLUDE})
