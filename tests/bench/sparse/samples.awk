# Counts samples by the innermost function of PROGRAM on their stacks, from `perf script -F ip,sym,dso`. HOOKS: a regular
# expression; samples in functions that match it are left out.

function sample_end()
{
    if (own != "" && (HOOKS == "" || own !~ HOOKS))
        count[own]++
    own = ""
}

/^$/ {
    sample_end()
    next
}
own == "" && index($NF, PROGRAM ")") {
    own = $2
    sub(/\.(part|constprop|isra|cold)[.0-9]*$/, "", own)
}
END {
    sample_end()
    for (f in count)
        print f, count[f]
}
