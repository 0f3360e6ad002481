-- Trees, strings and closures: the Lua interpreter, allocating; so many times over.
local times = tonumber(arg and arg[1]) or 1
local function tree(d) if d == 0 then return {} end return {tree(d-1), tree(d-1)} end
local function count(t) if t[1] then return 1 + count(t[1]) + count(t[2]) end return 1 end
local function once()
  local total = 0
  for i = 1, 20 do total = total + count(tree(12)) end
  local parts = {}
  for i = 1, 40000 do parts[#parts+1] = string.format("%d:%s", i, ("x"):rep(i % 37)) end
  local joined = table.concat(parts, ",")
  local fs = {}
  for i = 1, 60000 do fs[i] = function() return i + total end end
  local sum = 0
  for i = 1, #fs do sum = sum + fs[i]() end
  return total, #joined, sum
end
local result
for _ = 1, times do result = string.format("%d %d %d\n", once()) end
io.write(result)
