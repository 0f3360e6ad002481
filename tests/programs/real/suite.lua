-- For the Lua interpreter: errors through many levels (longjmp), coroutines, closures, the collector, strings, sorting.
-- Prints only what does not depend on addresses.
local function fails(depth)
    if depth == 0 then error({code = 42}) end
    return fails(depth - 1) + 1
end
local caught = 0
for i = 1, 2000 do
    local ok, err = pcall(fails, i % 50)
    if not ok and err.code == 42 then caught = caught + 1 end
end
print("caught", caught, select(2, pcall(string.rep, "x", -1)) == "")

local function generate(n)
    return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end)
end
local sum = 0
for i = 1, 200 do for value in generate(i) do sum = sum + value end end
print("yielded", sum, coroutine.isyieldable())
local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() sum = -1 end}) coroutine.yield() end)
coroutine.resume(co)
coroutine.close(co)
print("closed", sum)

local words = {}
for i = 1, 5000 do words[i] = ("%05d"):format((i * 7919) % 5000):reverse() end
table.sort(words)
print("sorted", words[1], words[2500], words[5000], #table.concat(words))
print("replaced", (("the quick brown fox"):rep(500):gsub("%w+", {quick = "slow"})):len())

local weak = setmetatable({}, {__mode = "k"})
for i = 1, 10000 do weak[{}] = i end
collectgarbage()
print("left", next(weak))
local text = load("return function(...) return select('#', ...) end")()
print("loaded", text(1, nil, 3), pcall(load("local x = nil; return x.y")))
print("matched", ("key = value"):match("^(%w+)%s*=%s*(%w+)$"))
