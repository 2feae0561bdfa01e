using System.Net;
using System.Net.Http.Headers;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.RoundTrips;

/// <summary>A page of a list costs the same statements whatever is on it (PERFORMANCE.md P1).</summary>
public abstract class UserListTripTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("users?limit={0}", 2)]
    [InlineData("users?limit={0}&q=p&sort=-createdAt&fields=id", 2)]
    [InlineData("organizations?limit={0}&sort=displayName", 1)]
    [InlineData("organizations?limit={0}&q=a&status=active&sort=-displayName&createdAfter=2020-01-01T00:00:00Z", 1)]
    [InlineData("users/{1}/emails", 2)]
    [InlineData("users/{1}/identities?limit={0}", 2)]
    [InlineData("users/{1}/sessions?limit={0}", 2)]
    [InlineData("users/{1}/memberships?limit={0}", 2)]
    public async Task A_longer_page_takes_no_more_statements(string path, int most)
    {
        var person = await PersonAsync();
        var token = (await new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http).TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;

        await CountAsync(string.Format(null, path, 1, person), token); // warm
        var (one, ten) = (await CountAsync(string.Format(null, path, 1, person), token), await CountAsync(string.Format(null, path, 10, person), token));

        Assert.True(one.Count == ten.Count && ten.Count.Statements <= most, $"{one}\n=====\n{ten}");
    }

    private async Task<Trips> CountAsync(string path, string token)
    {
        var (key, trips) = DatabaseTrips.Begin(host.Unique("list"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{host.Issuer}/api/v1/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add(DatabaseTrips.Header, key);
        using var answer = await host.Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return trips.WithoutCaches();
    }

    /// <summary>Somebody who has ten of everything.</summary>
    private async Task<string> PersonAsync()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var person = await host.UseAsync<UserService, User>(u => u.CreateAsync(new NewUser([.. Enumerable.Range(0, 10).Select(_ => new NewUserEmail($"{host.Unique("p")}@example.test", true))]), Ct));
        for (var i = 0; i < 10; i++)
        {
            var organization = await host.CreateOrganizationAsync(Ct);
            await host.AddMemberAsync(organization, person, Ct, BuiltInRoles.Member, BuiltInRoles.Guest);
            var connection = await host.ConnectAsync(organization, upstream, Ct);
            await host.SignedInAsync(person, Ct);
            await host.ReadAsync(async db =>
            {
                db.UserIdentities.Add(UserIdentity.Link(person.Id, connection, upstream.Issuer, host.Unique("s"), "created", TimeProvider.System.GetUtcNow()));
                return await db.SaveChangesAsync(Ct);
            });
        }

        return person.Id.ToString();
    }
}

public sealed class UserListTripsOnSqlite(SqliteTripsHost host) : UserListTripTests(host), IClassFixture<SqliteTripsHost>;

[Trait("Store", "PostgreSql")]
public sealed class UserListTripsOnPostgreSql(PostgreSqlTripsHost host) : UserListTripTests(host), IClassFixture<PostgreSqlTripsHost>;
