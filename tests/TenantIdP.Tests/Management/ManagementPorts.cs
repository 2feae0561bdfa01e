using System.Collections.Concurrent;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Tests.Management;

/// <summary>An engine's tokens without an engine: the text of a token is a key, so a test decides what it says.</summary>
public sealed class TestTokens : IAccessTokens
{
    private readonly ConcurrentDictionary<string, AccessTokenFacts> tokens = new();
    private readonly ConcurrentDictionary<string, Grant> grants = new();

    public string Issue(AccessTokenFacts facts)
    {
        var token = MachineSecret.New("");
        tokens[token] = facts;
        return token;
    }

    public void Grant(string id, Grant grant) => grants[id] = grant;

    public void End(string grantId) => grants.TryRemove(grantId, out _);

    public Task<AccessTokenFacts?> ReadAsync(string token, CancellationToken ct) => Task.FromResult(tokens.GetValueOrDefault(token));

    public Task<Grant?> FindGrantAsync(string grantId, CancellationToken ct) => Task.FromResult(grants.GetValueOrDefault(grantId));
}

/// <summary>Remembers whose grants were ended.</summary>
public sealed class TestRevoker : IGrantRevoker
{
    public ConcurrentBag<string> Ended { get; } = [];

    public Task EndSessionAsync(Id<Session> session, CancellationToken ct) => Note(session.ToString());

    public Task EndUserAsync(Id<User> user, CancellationToken ct) => Note(user.ToString());

    public Task EndUsersAsync(IReadOnlyCollection<Id<User>> users, CancellationToken ct) => Task.WhenAll(users.Select(u => Note(u.ToString())));

    public Task EndAppAsync(Id<User> user, Id<App> app, CancellationToken ct) => Note($"{user} {app}");

    public Task EndOrganizationAsync(Id<Organization> organization, CancellationToken ct) => Note(organization.ToString());

    public Task EndMembershipAsync(Id<Organization> organization, Id<User> user, CancellationToken ct) => Note($"{organization} {user}");

    public Task TellOrganizationAsync(Id<Organization> organization, CancellationToken ct) => Note($"told {organization}");

    public Task TellConnectionAsync(Id<Organization> organization, Id<Connection> connection, CancellationToken ct) => Note($"told {organization} {connection}");

    /// <summary>Sessions on which a grant rests.</summary>
    public ConcurrentDictionary<Id<Session>, bool> Standing { get; } = new();

    public Task<IReadOnlyList<Id<Session>>> StandingAsync(IReadOnlyCollection<Id<Session>> sessions, CancellationToken ct) => Task.FromResult<IReadOnlyList<Id<Session>>>([.. sessions.Where(Standing.ContainsKey)]);

    private Task Note(string what)
    {
        Ended.Add(what);
        return Task.CompletedTask;
    }
}

/// <summary>An engine's clients in memory, with the secrets of each.</summary>
public sealed class TestApps : IAppRegistry
{
    private readonly ConcurrentDictionary<Id<App>, App> apps = new();

    public ConcurrentDictionary<Id<App>, IReadOnlyList<AppSecret>> Secrets { get; } = new();

    /// <summary>The next creation breaks.</summary>
    public bool Breaks { get; set; }

    public int Count => apps.Count;

    public Task<App?> FindAsync(Id<App> id, CancellationToken ct) => Task.FromResult(apps.GetValueOrDefault(id));

    public Task<App?> FindByClientIdAsync(string clientId, CancellationToken ct) => Task.FromResult(apps.Values.SingleOrDefault(a => a.ClientId == clientId));

    public Task<Page<App>> ListAsync(PageRequest page, CancellationToken ct)
    {
        var after = page.After is null ? default : Id<App>.Parse(page.After, null);
        var rows = apps.Values.Where(a => page.After is null || (page.Descending ? a.Id < after : a.Id > after))
            .Where(a => (page.CreatedAfter is not { } since || a.Id >= Id<App>.FirstOf(since)) && (page.CreatedBefore is not { } until || a.Id < Id<App>.FirstOf(until)));
        var found = (page.Descending ? rows.OrderByDescending(a => a.Id) : rows.OrderBy(a => a.Id)).Take(page.Limit + 1).ToList();
        var more = found.Count > page.Limit;
        if (more) found.RemoveAt(page.Limit);
        return Task.FromResult(new Page<App>(found, more ? found[^1].Id.ToString() : null));
    }

    public Task CreateAsync(App app, IReadOnlyList<AppSecret> secrets, CancellationToken ct)
    {
        if (Breaks) throw new InvalidOperationException("The engine is broken.");
        (apps[app.Id], Secrets[app.Id]) = (app, secrets);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<AppSecret>> SecretsAsync(Id<App> id, CancellationToken ct) => Task.FromResult(Secrets.GetValueOrDefault(id) ?? []);

    public Task<bool> UpdateAsync(App app, IReadOnlyList<AppSecret>? secrets, CancellationToken ct)
    {
        if (!apps.TryGetValue(app.Id, out var known) || known.Version != app.Version) return Task.FromResult(false);
        apps[app.Id] = app with { Version = app.Version + 1 };
        if (secrets is not null) Secrets[app.Id] = secrets;
        return Task.FromResult(true);
    }

    public Task<bool> DeleteAsync(Id<App> id, CancellationToken ct) => Task.FromResult(apps.TryRemove(id, out _));
}

/// <summary>Not a hash at all: these tests are not about passwords.</summary>
public sealed class TestHashing : IPasswordHashing
{
    public string Hash(string password) => MachineSecret.Hash(password);

    public PasswordCheck Check(string storedHash, string password) => MachineSecret.Matches(password, storedHash) ? PasswordCheck.Right : PasswordCheck.Wrong;
}
