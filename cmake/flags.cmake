# One warning set and one hardening set for every room.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(pgr_flags INTERFACE)
target_include_directories(pgr_flags INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(pgr_flags INTERFACE _GNU_SOURCE)
target_compile_options(pgr_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wconversion -Wvla -fno-common -fno-omit-frame-pointer)
if(PGR_WERROR)
  target_compile_options(pgr_flags INTERFACE -Werror)
endif()
if(PGR_SANITIZE)
  target_compile_options(pgr_flags INTERFACE -fsanitize=${PGR_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(pgr_flags INTERFACE -fsanitize=${PGR_SANITIZE})
endif()
if(PGR_FUZZ)
  target_compile_options(pgr_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(PGR_HARDEN)
  target_compile_options(pgr_flags INTERFACE
    -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection)
  target_link_options(pgr_flags INTERFACE -pie -Wl,-z,relro -Wl,-z,now)
endif()
