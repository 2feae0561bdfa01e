using System.Net;
using System.Net.Http.Headers;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.RoundTrips;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>What the door of a directory asks of the database. Exact: one more is a regression.</summary>
public abstract class ScimTripTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_is_one_statement_and_its_use_is_noted_once_a_minute()
    {
        var made = await host.CreateDirectoryAsync(await host.CreateOrganizationAsync(Ct), Ct);

        var (first, second) = (await CountAsync(made.Directory.Id.ToString(), made.Token.Secret), await CountAsync(made.Directory.Id.ToString(), made.Token.Secret));

        Assert.True(first.Count.Statements == 3 && first.Writes == 2, first.ToString()); // the token's use, and the directory's
        Assert.True(second.Count == (1, 0), second.ToString());
    }

    [Fact]
    public async Task What_is_no_token_by_its_form_asks_nothing()
    {
        var made = await host.CreateDirectoryAsync(await host.CreateOrganizationAsync(Ct), Ct);

        var trips = await CountAsync(made.Directory.Id.ToString(), made.Token.Secret[..^1] + "_", HttpStatusCode.Unauthorized);

        Assert.True(trips.Count == (0, 0), trips.ToString());
    }

    private async Task<Trips> CountAsync(string directory, string token, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var (key, trips) = DatabaseTrips.Begin(host.Unique("trips"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{host.Issuer}/scim/v2/{directory}/Schemas");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add(DatabaseTrips.Header, key);
        using var answer = await host.Http.SendAsync(request, Ct);
        Assert.Equal(expected, answer.StatusCode);
        return trips;
    }
}

[Collection(typeof(CountedAlone))]
public sealed class ScimTripsOnSqlite(SqliteTripsHost host) : ScimTripTests(host), IClassFixture<SqliteTripsHost>;

[Collection(typeof(CountedAlone)), Trait("Store", "PostgreSql")]
public sealed class ScimTripsOnPostgreSql(PostgreSqlTripsHost host) : ScimTripTests(host), IClassFixture<PostgreSqlTripsHost>;
