using Npgsql;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Observability;

/// <summary>A database that hangs up, and a server that counts it. A host of its own: nobody else's connections are cut.</summary>
public sealed class DatabaseErrorTests(PostgreSqlIdp idp) : IClassFixture<PostgreSqlIdp>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_fails_because_the_database_does_is_counted_by_the_databases_own_code()
    {
        using var listener = new Listener(idp.Services);
        var operators = new RelyingParty(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync())); // several connections are in the pool

        await using (var administrator = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(idp.Store.Settings["ConnectionStrings:TenantIdP"]) { Pooling = false }.ConnectionString))
        {
            await administrator.OpenAsync(Ct);
            await using var cut = new NpgsqlCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", administrator);
            await cut.ExecuteNonQueryAsync(Ct);
        }

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync()));

        var counted = await listener.WaitAsync("tenantidp.database.errors", _ => true, Ct);
        Assert.Matches("^(57P0[0-9]|08[0-9A-Z]{3}|NpgsqlException|PostgresException)$", (string?)counted["error.type"]);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while ((await AskAsync()).Error != "access_denied") await Task.Delay(20, patience.Token); // and is good again, by itself

        // An organization that is not there, so that each asks the database.
        Task<TokenAnswer> AskAsync() => operators.TokenAsync([("grant_type", "client_credentials"), ("scope", "management"), ("organization", idp.Unique("nobody"))], Ct);
    }
}
