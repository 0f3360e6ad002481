# Completion of tracean for bash. What there is to complete, tracean itself is asked for: --help is the only list.

# The words of --help that begin a line: verbs, or options.
_tracean_words()
{
    "$1" ${2:+"$2"} --help 2>/dev/null | case ${2:-} in
    '') sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' ;;
    *) sed -n '/^Options:/,/^$/s/^ *\(-[a-z], \)\{0,1\}\(--[a-z-]*\).*/\2/p' ;;
    esac
}

# The formats that a verb's --help names.
_tracean_formats()
{
    "$1" "$2" --help 2>/dev/null | tr '\n' ' ' | sed 's/([^)]*)//g' |
        grep -o 'Formats\{0,1\}: [^.]*' | sed 's/^[^:]*: //; s/[,;]/ /g; s/ and / /g'
}

_tracean()
{
    local tracean=$1 current=$2 previous=$3 verb=${COMP_WORDS[1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_tracean_words "$tracean") --help --version" -- "$current")
        return
    fi
    case $previous in
    --format) mapfile -t COMPREPLY < <(compgen -W "$(_tracean_formats "$tracean" "$verb")" -- "$current") && return ;;
    --color) mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$current") && return ;;
    --demangle) mapfile -t COMPREPLY < <(compgen -W "yes short no" -- "$current") && return ;;
    --wrappers) mapfile -t COMPREPLY < <(compgen -W "auto names none" -- "$current") && return ;;
    --weight) mapfile -t COMPREPLY < <(compgen -W "bytes allocs peak leaked live grown" -- "$current") && return ;;
    esac
    case $current in
    -*) mapfile -t COMPREPLY < <(compgen -W "$(_tracean_words "$tracean" "$verb")" -- "$current") ;;
    esac
}

# -o default: names of files where nothing else fits.
complete -o default -F _tracean tracean
