# What a flame graph of folded stacks must say: a line for each path, as "name (samples, share of all)".
{
    count = $NF
    sub(/ [0-9]+$/, "")
    nr = split($0, frames, ";")
    path = ""
    for (i = 1; i <= nr; i++) {
        path = path ";" frames[i]
        samples[path] += count
        name[path] = frames[i]
    }
    all += count
}
END {
    printf "all (%d samples, 100.0%%)\n", all
    for (path in samples)
        printf "%s (%d samples, %.1f%%)\n", name[path], samples[path], 100 * samples[path] / all
}
