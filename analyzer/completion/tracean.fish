# Completion of tracean for fish. What there is to complete, tracean itself is asked for: --help is the only list.

function __tracean_verbs
    tracean --help 2>/dev/null | string replace -rf '^  ([a-z]+) +(.*)' '$1\t$2'
end

function __tracean_options
    set -l words (commandline -opc)
    tracean $words[2] --help 2>/dev/null | string replace -rf '^ *(?:-[a-z], )?(--[a-z-]+)(?: [A-Z|.]+)? +(.*)' '$1\t$2'
end

complete -c tracean -n 'test (count (commandline -opc)) -eq 1' -f -a '(__tracean_verbs)'
complete -c tracean -n 'test (count (commandline -opc)) -gt 1; and string match -q -- "-*" (commandline -ct)' \
    -f -a '(__tracean_options)'
