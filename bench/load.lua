-- What wrk sends; MODE (environment) chooses. The modes without a request() send one fixed request.
local mode, token = os.getenv("MODE"), os.getenv("TOKEN")
local first, count = tonumber(os.getenv("FIRST") or 1), tonumber(os.getenv("COUNT") or 1)
local oldest, newest = tonumber(os.getenv("OLDEST") or 0), tonumber(os.getenv("NEWEST") or 0)
local list = "/api/materials?pageSize=20&category=chemical"
local sent, answered = -1, 0 -- wrk asks once for a request that it does not send

wrk.headers["Authorization"] = "Bearer " .. token

local fixed = { list = list .. "&page=1", detail = "/api/materials/" .. first,
    fixed_list = "/assets/list.json", fixed_detail = "/assets/detail.json" }

local figures = { "stats", "materials-by-category", "transaction-trend", "low-stock-materials", "pending-transactions" }
local turn = 0
local function next_turn()
    turn = turn % #figures + 1
    return turn
end

local function any_material()
    return first + math.random(0, count - 1)
end

local varied = {
    -- Another page each time, so that no remembered one can be the answer.
    lists = function()
        return wrk.format("GET", list .. "&cursor=" .. any_material() .. ":" .. math.random(oldest, newest))
    end,
    details = function() return wrk.format("GET", "/api/materials/" .. any_material()) end,
    fixed_lists = function() return wrk.format("GET", "/assets/list.json?x=" .. any_material()) end,
    fixed_details = function() return wrk.format("GET", "/assets/detail.json?x=" .. any_material()) end,
    dashboard = function() return wrk.format("GET", "/api/dashboard/" .. figures[next_turn()]) end,
    fixed_dashboard = function() return wrk.format("GET", "/assets/dashboard" .. next_turn() - 1 .. ".json") end,
    create = function()
        sent = sent + 1
        return wrk.format("POST", "/api/inventory", nil,
            '{"transactionType":"out","purpose":"production","materialId":' .. (first + math.max(sent, 0) % 200) .. ',"quantity":1}')
    end,
    -- Each document once; afterwards what costs the server least, until the last answer is there.
    approve = function()
        sent = sent + 1
        if sent > count then return wrk.format("GET", "/") end
        return wrk.format("PUT", "/api/inventory/" .. (first + math.max(sent, 1) - 1) .. "/approve", nil, '{"action":"approve"}')
    end,
}

if mode == "create" or mode == "approve" then
    wrk.headers["Content-Type"] = "application/json"
    local good = mode == "create" and 201 or 200
    function response(status)
        if status ~= good then io.stderr:write(mode .. ": status " .. status .. "\n") end
        answered = answered + 1
        if answered >= count + 64 then wrk.thread:stop() end
    end
end

if fixed[mode] then wrk.path = fixed[mode] else request = varied[mode] end
function init() math.randomseed(os.time()) end
