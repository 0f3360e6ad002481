-- Runs a script N times: repeat.lua SCRIPT N
for _ = 1, tonumber(arg[2]) do
    dofile(arg[1])
end
