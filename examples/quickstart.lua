-- What many programs do, in small: build text, sort records, compute in a loop, count words, call through closures.

-- A generator of our own: the same numbers, and so the same calls, in every run.
local seed = 42
local function random(limit)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % limit + 1
end

local function build_records(count)
    local records = {}
    for i = 1, count do
        records[i] = { id = i, name = string.format("user-%04d", random(count)), score = random(1000) }
    end
    return records
end

local function sort_records(records)
    table.sort(records, function(a, b)
        if a.score ~= b.score then
            return a.score < b.score
        end
        return a.id < b.id
    end)
end

local function write_text(records)
    local lines = {}
    for _, record in ipairs(records) do
        lines[#lines + 1] = record.name .. " scored " .. record.score .. " points"
    end
    return table.concat(lines, "\n")
end

local function count_words(text)
    local counts = {}
    for word in text:gmatch("%a+") do
        counts[word] = (counts[word] or 0) + 1
    end
    return counts
end

local function attract(bodies, seconds)
    for i, body in ipairs(bodies) do
        for j = i + 1, #bodies do
            local other = bodies[j]
            local dx, dy = body.x - other.x, body.y - other.y
            local pull = seconds / (dx * dx + dy * dy + 0.01) ^ 1.5
            body.vx, body.vy = body.vx - dx * other.mass * pull, body.vy - dy * other.mass * pull
            other.vx, other.vy = other.vx + dx * body.mass * pull, other.vy + dy * body.mass * pull
        end
    end
    for _, body in ipairs(bodies) do
        body.x, body.y = body.x + body.vx * seconds, body.y + body.vy * seconds
    end
end

local function simulate(steps)
    local bodies = {}
    for i = 1, 8 do
        bodies[i] = { x = random(100) / 10, y = random(100) / 10, vx = 0, vy = 0, mass = random(10) / 10 }
    end
    for _ = 1, steps do
        attract(bodies, 0.001)
    end
    return bodies[1].x
end

local function queens(n)
    local solutions, columns, rising, falling = 0, {}, {}, {}
    local function place(row)
        if row > n then
            solutions = solutions + 1
            return
        end
        for column = 1, n do
            if not (columns[column] or rising[row + column] or falling[row - column + n]) then
                columns[column], rising[row + column], falling[row - column + n] = true, true, true
                place(row + 1)
                columns[column], rising[row + column], falling[row - column + n] = nil, nil, nil
            end
        end
    end
    place(1)
    return solutions
end

local records = build_records(20000)
sort_records(records)
local words = count_words(write_text(records))
local x = simulate(10000)
print(string.format("%d records, %d words, %d ways to place 8 queens, first body at %.3f", #records, words.points,
    queens(8), x))
