using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;

namespace TenantIdP.Tests.Users;

/// <summary>What the tests of people share: accounts with identities and sessions, and an operator's client.</summary>
internal static class PeopleScene
{
    public const string Password = "correct horse battery staple";

    public static string NewAddress() => $"{ManagementHost.Unique("ann")}@example.test";

    public static async Task<User> PersonAsync(this ManagementHost host, CancellationToken ct, Func<NewUser, NewUser>? change = null)
    {
        var wanted = new NewUser([new NewUserEmail(NewAddress(), true)], "Ann Example");
        var made = await host.UseAsync<UserService, Result<User>>(null, users => users.CreateAsync(change?.Invoke(wanted) ?? wanted, ct));
        return made.IsOk ? made.Value : throw new InvalidOperationException(made.Error.Code);
    }

    public static async Task<Connection> ConnectionAsync(this ManagementHost host, Id<Organization> organization, CancellationToken ct)
    {
        var wanted = new NewOidcConnection("Upstream", $"https://{ManagementHost.Unique("idp")}.example.test", "client", "a client secret");
        var made = await host.UseAsync<ConnectionService, Result<Connection>>(organization, connections => connections.CreateOidcAsync(organization, wanted, Granter.Instance, ct));
        return made.IsOk ? made.Value : throw new InvalidOperationException(made.Error.Code);
    }

    public static Task<Id<UserIdentity>> LinkAsync(this ManagementHost host, Id<User> user, Connection connection, CancellationToken ct) => host.ReadAsync(null, async db =>
    {
        var identity = UserIdentity.Link(user, connection, connection.Issuer, ManagementHost.Unique("subject"), "created", TimeProvider.System.GetUtcNow());
        db.UserIdentities.Add(identity);
        await db.SaveChangesAsync(ct);
        return identity.Id;
    });

    /// <summary>A session with these proofs; a null connection is the password.</summary>
    public static Task<Id<Session>> SessionAsync(this ManagementHost host, Id<User> user, CancellationToken ct, params Connection?[] proofs) => host.ReadAsync(null, async db =>
    {
        var now = TimeProvider.System.GetUtcNow();
        SessionProof Proof(Connection? by) => by is null ? SessionProof.Password(now) : new SessionProof(by.Id, by.OrganizationId, now, ["fed"]);
        var session = Session.Start(user, Proof(proofs[0]), TimeSpan.FromDays(1), "Firefox on a test", now).Session;
        foreach (var proof in proofs.Skip(1)) session.Prove(Proof(proof), now);
        db.Sessions.Add(session);
        await db.SaveChangesAsync(ct);
        return session.Id;
    });

    public static async Task<bool> StandsAsync(this ManagementHost host, Id<Session> session, CancellationToken ct) =>
        await host.ReadAsync(null, db => db.Sessions.AnyAsync(s => s.Id == session && s.EndedAt == null, ct));

    public static Task<List<string>> EventsAsync(this ManagementHost host, Id<User> user, CancellationToken ct) => host.ReadAsync(null, db =>
    {
        var target = user.ToString();
        return db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.TargetId == target).OrderBy(e => e.Id).Select(e => e.Type).ToListAsync(ct);
    });

    public static async Task<JsonElement> AnswerAsync(this HttpClient client, HttpMethod method, string path, object? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await client.SendAsync(request, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        return answer.IsSuccessStatusCode ? (text.Length == 0 ? default : JsonDocument.Parse(text).RootElement) : throw new InvalidOperationException($"{(int)answer.StatusCode} {text}");
    }
}
