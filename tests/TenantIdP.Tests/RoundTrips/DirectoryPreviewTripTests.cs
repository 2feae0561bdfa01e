using System.Net.Http.Headers;
using System.Net.Http.Json;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.Directories;
using Xunit;

namespace TenantIdP.Tests.RoundTrips;

/// <summary>Foretelling costs the same of one user as of five hundred.</summary>
public abstract class DirectoryPreviewTripTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Five_hundred_users_of_every_kind_are_fifteen_statements_and_that_of_the_door_and_a_few_as_many()
    {
        var world = await ScimWorld.NewAsync(host, d => d with { OutsideDomains = OutsideDomains.Guest });
        await host.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(world.Organization.Id, new OrganizationChanges { MembershipDomains = MembershipDomains.VerifiedOnly }, Granter.Instance, null, Ct));
        var gone = await world.CreateAsync("gone");
        await world.CreateAsync("stands");
        await host.CreateUserAsync(world.Address("known"), Ct);
        await world.Scim.DeleteAsync($"/Users/{gone.Id}", Ct);
        var bootstrap = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http);
        var token = (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        string[] kinds = [world.Address("gone"), world.Address("stands"), world.Address("known"), "somebody@elsewhere.test"];
        await CountAsync(world, token, kinds); // warm

        var few = await CountAsync(world, token, kinds);
        var many = await CountAsync(world, token, [.. kinds, .. Enumerable.Range(0, DirectoryPreview.MaxUsers - kinds.Length).Select(i => world.Address($"new{i}"))]);

        Assert.True(many.Count == few.Count && many.Statements.Count <= 16 && many.Commits == 0, $"{few}\n=====\n{many}");
    }

    private async Task<Trips> CountAsync(ScimWorld world, string token, string[] names)
    {
        var (key, trips) = DatabaseTrips.Begin(host.Unique("preview"));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{host.Issuer}/api/v1/organizations/{world.Organization.Id}/directories/{world.Directory.Directory.Id}/preview")
        {
            Content = JsonContent.Create(new { users = names.Select(n => new { userName = n, externalId = "ext-" + n }) }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add(DatabaseTrips.Header, key);
        using var answer = await host.Http.SendAsync(request, Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        return trips;
    }
}

public sealed class DirectoryPreviewTripsOnSqlite(SqliteTripsHost host) : DirectoryPreviewTripTests(host), IClassFixture<SqliteTripsHost>;

[Trait("Store", "PostgreSql")]
public sealed class DirectoryPreviewTripsOnPostgreSql(PostgreSqlTripsHost host) : DirectoryPreviewTripTests(host), IClassFixture<PostgreSqlTripsHost>;
