#!/bin/sh
# Reads what the linker will see, and fails on anything that could break a program that embeds Sixfold.
#
#   check_symbols.sh isa <name> <object>...   An object compiled for one ISA may offer the linker only symbols of that ISA: a
#                                             shared inline function in it could replace the baseline's copy, and then crash on a
#                                             CPU without the ISA. Nothing in it may run at load time either.
#   check_symbols.sh shared <library> <header>   Exports exactly what the header declares; imports only libc and libm.
#   check_symbols.sh android <library> <header> <symbols> <ABI>   The same for Android, where what may be imported is listed in a file:
#                                             tests/android/api24_symbols.txt. Loads with pages of 16 KB.
#   check_symbols.sh static <library>            Needs nothing of a C++ runtime.
set -eu

NM=${NM:-nm}
READELF=${READELF:-readelf}
failures=0

# fail_if_any <what is wrong> <one finding a line, or nothing>
fail_if_any() {
  [ -z "$2" ] && return
  failures=1
  printf '%s: %s\n' "$file" "$1" >&2
  printf '%s\n' "$2" | sed 's/^/    /' >&2
}

sections() { "$READELF" -SW "$file"; }

no_thread_local() {
  fail_if_any 'has thread-local storage' "$(sections | grep -oE '\.(tdata|tbss)[^ ]*' || true)"
}

check_isa() {
  name=$1
  shift
  for file in "$@"; do
    # Names are the rest of the line, since demangled ones have spaces. Upper case, and u, v and w, is what the linker sees.
    offered=$("$NM" -C --defined-only "$file" | sed -nE 's/^[0-9a-f]* ?[A-Zuvw] //p')
    fail_if_any "offers symbols that are not in or on sixfold::$name" \
      "$(printf '%s\n' "$offered" | grep -vE "\bsixfold::$name\b" || true)"
    fail_if_any 'runs code at load time' "$(sections | grep -oE '\.(preinit_array|init_array|ctors)[^ ]*' || true)"
    no_thread_local
    [ -n "$offered" ] || fail_if_any 'is empty' 'no symbol at all'
  done
}

no_load_time_code() {
  fail_if_any 'runs code at load time' "$("$NM" "$file" | grep -E '_GLOBAL__sub_I_|init_have_lse' || true)"
}

# exports_of <header>
exports_of() {
  declared=$(sed -nE 's/^SIXFOLD_API .*[ *](sixfold_[a-z0-9_]+)\(.*/\1/p' "$1" | sort)
  exported=$("$NM" -D --defined-only "$file" | awk '{ print $NF }' | sort)
  difference=$(printf '%s\n%s\n' "$declared" "$exported" | sort | uniq -u)
  fail_if_any "does not export exactly what $1 declares" "$difference"
}

# Undefined weak symbols are hooks of the C start-up files, which need not exist.
imports() { "$NM" -D --undefined-only "$file" | awk '$(NF - 1) != "w" { print $NF }'; }

# needs_only <libraries, as a regular expression>
needs_only() {
  needed=$("$READELF" -dW "$file" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p')
  fail_if_any 'needs libraries other than libc and libm' "$(printf '%s\n' "$needed" | grep -vE "^($1)$" || true)"
}

check_shared() {
  file=$1
  exports_of "$2"
  fail_if_any 'imports from something other than libc and libm' "$(imports | grep -v '@GLIBC_' || true)"
  needs_only 'lib[cm]\.so\.6|ld-linux.*|'
  no_thread_local
  no_load_time_code
}

check_android() {
  file=$1
  exports_of "$2"
  allowed=$(awk -v abi="$4" '/^lib/ && $3 <= 24 && (NF < 4 || $4 == abi) { print $2 }' "$3")
  fail_if_any "imports what is not in $3" "$(imports | sed 's/@.*//' | grep -vxF "$allowed" || true)"
  needs_only 'lib[cm]\.so|'
  fail_if_any 'has segments that are not aligned to 16384 bytes' \
    "$("$READELF" -lW "$file" | awk '$1 == "LOAD" && $NF !~ /^0x([48]000|[1248]0000+)$/')"
  no_thread_local
  no_load_time_code
}

check_static() {
  file=$1
  fail_if_any 'needs a C++ runtime' "$("$NM" -A --undefined-only "$file" |
    grep -E ' U (_Z(n|d|T|S|NSt|NKSt|N9__gnu_cxx)|__cxa_|__gxx_|_Unwind_|__dynamic_cast)' || true)"
  fail_if_any 'has thread-local storage' "$("$NM" -A "$file" | grep -E ' U (__tls_get_addr|__emutls)' || true)"
  no_thread_local
}

what=$1
shift
case $what in
  isa) check_isa "$@" ;;
  shared) check_shared "$@" ;;
  android) check_android "$@" ;;
  static) check_static "$@" ;;
  *) echo "check_symbols.sh: unknown check $what" >&2 && exit 2 ;;
esac
[ "$failures" = 0 ] && echo "clean: $*"
exit "$failures"
