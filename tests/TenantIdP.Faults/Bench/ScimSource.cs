using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace TenantIdP.Faults.Bench;

/// <summary>Somebody as the identity provider of the bench knows them.</summary>
internal sealed record SourceUser(int Number, string UserName, string DisplayName, bool Active)
{
    public string ExternalId => $"source-{Number}";
}

/// <param name="Members">Numbers of users.</param>
internal sealed record SourceTeam(string Name, IReadOnlyList<int> Members);

/// <summary>
/// A directory that never believes an answer it did not get: after a connection that broke off it looks again, and goes on from what it finds. Bounded by <see cref="Lengths.Patience"/>
/// for each thing it wants.
/// </summary>
internal sealed class ScimSource(HttpClient http, string baseUrl, string token)
{
    private const string PatchOp = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private int done, again;

    /// <summary>Users and groups that are as they should be.</summary>
    public int Done => done;

    /// <summary>Requests that were sent another time, because an answer did not come or asked for it.</summary>
    public int Again => again;

    /// <summary>Finds, makes or changes the user until the server says that they are as wanted.</summary>
    /// <returns>The server's id.</returns>
    public async Task<string> EnsureAsync(SourceUser user, CancellationToken ct)
    {
        var id = await UntilAsync($"user {user.UserName}", async () =>
        {
            if (await FindAsync("Users", $"userName eq \"{user.UserName}\"", ct) is not { } found) return null;
            if (found.Count == 0) return Made(await SendAsync(HttpMethod.Post, "/Users", Body(user), ct));
            var there = found[0]!; // one of the list
            if (IsAsWanted(there, user)) return (string?)there["id"];
            var changed = await SendAsync(HttpMethod.Patch, $"/Users/{there["id"]}", Patch(
                new JsonObject { ["op"] = "replace", ["value"] = new JsonObject { ["active"] = user.Active, ["displayName"] = user.DisplayName } }), ct);
            return changed is { Status: HttpStatusCode.OK } ? (string?)there["id"] : null;
        }, ct);
        Interlocked.Increment(ref done);
        return id;
    }

    /// <summary>The group with exactly these members.</summary>
    public async Task<string> EnsureAsync(SourceTeam team, Func<int, string> idOf, CancellationToken ct)
    {
        var members = new JsonArray([.. team.Members.Select(number => new JsonObject { ["value"] = idOf(number) })]);
        var id = await UntilAsync($"group {team.Name}", async () =>
        {
            if (await FindAsync("Groups", $"displayName eq \"{team.Name}\"&excludedAttributes=members", ct) is not { } found) return null;
            if (found.Count == 0)
            {
                return Made(await SendAsync(HttpMethod.Post, "/Groups", new JsonObject
                {
                    ["schemas"] = new JsonArray("urn:ietf:params:scim:schemas:core:2.0:Group"), ["externalId"] = team.Name, ["displayName"] = team.Name, ["members"] = members.DeepClone(),
                }, ct));
            }

            var there = (string?)found[0]!["id"]; // one of the list
            var changed = await SendAsync(HttpMethod.Patch, $"/Groups/{there}", Patch(new JsonObject { ["op"] = "replace", ["path"] = "members", ["value"] = members.DeepClone() }), ct);
            return changed is { Status: HttpStatusCode.NoContent } ? there : null;
        }, ct);
        Interlocked.Increment(ref done);
        return id;
    }

    /// <summary>Everything that the server has, page by page.</summary>
    public async Task<IReadOnlyList<JsonNode>> ReadAllAsync(string kind, CancellationToken ct)
    {
        var all = new List<JsonNode>();
        for (var (start, total) = (1, int.MaxValue); start <= total;)
        {
            var page = await SendAsync(HttpMethod.Get, $"/{kind}?startIndex={start}&count=100", null, ct);
            if (page is not { Status: HttpStatusCode.OK, Body: { } body }) throw new InvalidOperationException($"GET /{kind}: {page?.Status} {page?.Body}");
            total = (int)body["totalResults"]!; // a list
            var resources = body["Resources"]?.AsArray() ?? [];
            if (resources.Count == 0 && start <= total) throw new InvalidOperationException($"Page {start} of {total} {kind} is empty.");
            all.AddRange(resources.Select(r => r!)); // objects
            start += resources.Count;
        }

        return all;
    }

    private static bool IsAsWanted(JsonNode there, SourceUser user) => (bool?)there["active"] == user.Active && (string?)there["displayName"] == user.DisplayName && (string?)there["externalId"] == user.ExternalId;

    private static JsonObject Body(SourceUser user) => new()
    {
        ["schemas"] = new JsonArray("urn:ietf:params:scim:schemas:core:2.0:User"), ["userName"] = user.UserName, ["externalId"] = user.ExternalId, ["displayName"] = user.DisplayName, ["active"] = user.Active,
        ["emails"] = new JsonArray(new JsonObject { ["value"] = user.UserName, ["type"] = "work", ["primary"] = true }),
    };

    private static JsonObject Patch(JsonObject operation) => new() { ["schemas"] = new JsonArray(PatchOp), ["Operations"] = new JsonArray(operation) };

    private static string? Made((HttpStatusCode Status, JsonNode? Body)? answer) => answer is { Status: HttpStatusCode.Created, Body: { } body } ? (string?)body["id"] : null;

    private async Task<JsonArray?> FindAsync(string kind, string filter, CancellationToken ct) =>
        await SendAsync(HttpMethod.Get, $"/{kind}?filter={filter}", null, ct) is { Status: HttpStatusCode.OK, Body: { } list } ? list["Resources"]?.AsArray() ?? [] : null;

    private async Task<string> UntilAsync(string what, Func<Task<string?>> attempt, CancellationToken ct)
    {
        string? id = null;
        await Lengths.UntilAsync(async () =>
        {
            id = await attempt();
            if (id is null) Interlocked.Increment(ref again);
            return id is not null;
        }, what, ct, every: Pause);
        return id!; // until it was so
    }

    /// <returns>Null when the connection broke off.</returns>
    private async Task<(HttpStatusCode Status, JsonNode? Body)?> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken ct)
    {
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(baseUrl + path));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (body is not null)
            {
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString()));
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/scim+json");
            }

            using var answer = await http.SendAsync(request, ct);
            var text = await answer.Content.ReadAsStringAsync(ct);
            var json = text.Length == 0 ? null : JsonNode.Parse(text);
            // What is refused for good would be asked for ever: it ends the test with its reason.
            if ((int)answer.StatusCode is >= 400 and < 500 and not (409 or 412 or 429)) throw new InvalidOperationException($"{method} {path}: {(int)answer.StatusCode} {text}");
            return (answer.StatusCode, json);
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            return null;
        }
    }
}
