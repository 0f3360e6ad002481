-- Trees, strings and closures: what an interpreter allocates, resizes and collects.
local function tree(depth)
    if depth == 0 then
        return {}
    end
    return {tree(depth - 1), tree(depth - 1)}
end

local kept = tree(10)
for _ = 1, 5 do
    tree(8)
end
local strings = {}
for i = 1, 3000 do
    strings[#strings + 1] = ("x"):rep(i % 100) .. i
end
local closures = {}
for i = 1, 1000 do
    closures[i] = function() return i end
end
print(#kept, #table.concat(strings), #closures)
