using System.Text.Json.Nodes;

namespace TenantIdP.Demo.Scim;

/// <summary>
/// What a directory does, whatever its dialect: it looks for everybody by their user name, makes who is missing, changes who differs, and sends nothing about the rest. It keeps
/// no ids between two runs, so that a run after any interruption begins where the application is.
/// </summary>
/// <param name="tell">Told of each exchange as it ends.</param>
internal sealed class ScimSync(ScimClient client, ScimDialect dialect, Action<ScimExchange> tell)
{
    /// <param name="isIn">Whether a person is assigned to the application.</param>
    public async Task PushAsync(Func<SourcePerson, bool> isIn, CancellationToken ct)
    {
        var known = new Dictionary<string, JsonObject>();
        foreach (var person in SourceDirectory.People.Where(isIn))
        {
            if (await EnsureAsync(person, ct) is { } account) known[person.Key] = account;
        }

        string? IdOf(string key) => known.TryGetValue(key, out var account) ? (string?)account["id"] : null;
        foreach (var person in SourceDirectory.People.Where(p => known.ContainsKey(p.Key)))
        {
            if (dialect.Manager(IdOf(person.Key)!, person, IdOf, known[person.Key]) is { } manager) await SendAsync(manager, ct); // an account has an id
        }

        foreach (var group in SourceDirectory.Groups)
        {
            await PushAsync(group, [.. SourceDirectory.People.Where(p => group.Members.Contains(p.Key) && IdOf(p.Key) is not null).Select(p => new GroupMember(IdOf(p.Key)!, p.Email))], ct); // as above
        }
    }

    /// <summary>Deactivates first: access ends before anything else is tidied up.</summary>
    public async Task RemoveAsync(SourcePerson person, CancellationToken ct)
    {
        var found = await SendAsync(dialect.Match(person), ct);
        if (found.Id is not { } id) return;
        await SendAsync(dialect.Deactivate(id, person), ct);
        await InGroupsAsync(person, (groupId, group) => dialect.Remove(groupId, group, new GroupMember(id, person.Email)), ct);
    }

    public async Task BringBackAsync(SourcePerson person, CancellationToken ct)
    {
        if (await EnsureAsync(person, ct) is not { } account) return;
        var member = new GroupMember((string)account["id"]!, person.Email); // an account has an id
        await InGroupsAsync(person, (groupId, group) => dialect.Add(groupId, group, member), ct);
    }

    private async Task InGroupsAsync(SourcePerson person, Func<string, SourceGroup, ScimRequest> request, CancellationToken ct)
    {
        foreach (var group in SourceDirectory.Groups.Where(g => g.Members.Contains(person.Key)))
        {
            if ((await SendAsync(dialect.MatchGroup(group), ct)).Id is { } groupId) await SendAsync(request(groupId, group), ct);
        }
    }

    /// <returns>The account as the application has it now; null when it would not.</returns>
    private async Task<JsonObject?> EnsureAsync(SourcePerson person, CancellationToken ct)
    {
        var found = await SendAsync(dialect.Match(person), ct);
        if (!found.IsOk) return null;
        if (found.Id is not { } id) return (await SendAsync(dialect.Create(person), ct)) is { IsOk: true } made ? made.Resource : null;
        if (Has(found.Resource, dialect.Wanted(person))) return found.Resource;
        return (await SendAsync(dialect.Update(id, person), ct)) is { IsOk: true } updated ? updated.Resource ?? found.Resource : null;
    }

    private async Task PushAsync(SourceGroup group, IReadOnlyList<GroupMember> members, CancellationToken ct)
    {
        var found = await SendAsync(dialect.MatchGroup(group), ct);
        if (!found.IsOk) return;
        var made = found.Id is null ? await SendAsync(dialect.CreateGroup(group, members), ct) : null;
        if ((found.Id ?? made?.Id) is not { } id || (made is not null && !dialect.MakesGroupsEmpty)) return;
        await SendAsync(dialect.Fill(id, group, members), ct);
    }

    private async Task<ScimExchange> SendAsync(ScimRequest request, CancellationToken ct)
    {
        var exchange = await client.SendAsync(request, dialect, ct);
        tell(exchange);
        return exchange;
    }

    /// <summary>Everything wanted is there; there may be more.</summary>
    private static bool Has(JsonNode? there, JsonNode? wanted) => (there, wanted) switch
    {
        (JsonObject t, JsonObject w) => w.All(member => member.Key == "schemas" || Has(t[member.Key], member.Value)),
        (JsonArray t, JsonArray w) => w.All(one => t.Any(other => Has(other, one))),
        _ => JsonNode.DeepEquals(there, wanted),
    };
}
