# How far estimated shares of exclusive time are from sampled ones, in total variation.
#
# usage: awk -f distance.awk SAMPLES GAPS   SAMPLES: lines of "function samples"; GAPS: what estimate prints
# prints: the distance with nothing taken out; with half a pair of hooks taken out of each gap; with the constant taken
# out that brings the two closest, which nobody could know without the sampled ones; and that constant

function distance(constant,    own, all, far, f, i)
{
    for (i = 1; i <= nr; i++)
        if (mean[i] > constant) {
            own[owner[i]] += gaps[i] * (mean[i] - constant)
            all += gaps[i] * (mean[i] - constant)
        }
    for (f in own)
        far += abs(own[f] / all - samples[f] / sampled)
    for (f in samples)
        if (!(f in own))
            far += samples[f] / sampled
    return far / 2
}

function abs(x)
{
    return x < 0 ? -x : x
}

NR == FNR {
    samples[$1] = $2
    sampled += $2
    next
}
$1 == "#" {
    pair = $3
    next
}
{
    nr++
    owner[nr] = $1
    gaps[nr] = $3
    mean[nr] = $4
}
END {
    best = 1
    for (constant = 0; constant < 20; constant += 0.25)
        if ((far = distance(constant)) < best) {
            best = far
            at = constant
        }
    printf "%7.3f %7.3f %7.3f %5.2f\n", distance(0), distance(pair / 2), best, at
}
