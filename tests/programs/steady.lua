-- Work that is the same in every run, also under valgrind: no addresses, no clock, no chance. Errors are caught.
local function fib(n)
    if n < 2 then return n end
    return fib(n - 1) + fib(n - 2)
end

local words, count = {}, 0
for i = 1, 300 do
    words[i] = ("word-%d"):format(i * 7919 % 1000)
end
for _, word in ipairs(words) do
    for digit in word:gmatch("%d") do
        count = count + tonumber(digit)
    end
    words[word] = (words[word] or 0) + 1
end
for i = 1, 200 do
    local good, message = pcall(function() error({ code = i }) end)
    assert(not good and message.code == i)
end
local part = {}
for i = 1, 60 do
    part[i] = words[61 - i]
end
table.sort(part)
print(fib(15), count, #table.concat(part, ","), select("#", table.unpack(part)))
