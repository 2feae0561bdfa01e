using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>Two more processes beside the host of the tests, on the same database.</summary>
public sealed class RaceTests(PostgreSqlIdp host) : IClassFixture<PostgreSqlIdp>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_revoked_secret_is_out_on_another_node_long_before_its_cache_ends()
    {
        await using var other = ServerProcess.Start(new Dictionary<string, string?>(host.Store.Settings) { ["TenantIdP:Issuer"] = host.Issuer });
        var authority = new Uri(host.Issuer).Authority;
        await other.ReadyAsync(Ct, authority);
        var app = await host.CreateAppAsync(Ct, wanted => wanted with { Kind = AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [] });
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal(HttpStatusCode.OK, await AskAsync()); // and kept from now on

        await host.UseAsync<AppSecretService, CreatedApp>(s => s.RotateAsync(Id<App>.Parse(app.App.Id, null), null, Ct));

        var since = Stopwatch.StartNew();
        HttpStatusCode last;
        do last = await AskAsync();
        while (last == HttpStatusCode.OK && since.Elapsed < TimeSpan.FromSeconds(10));
        Assert.Equal(HttpStatusCode.Unauthorized, last);
        Assert.True(since.Elapsed < TimeSpan.FromSeconds(10), $"It took {since.Elapsed}.");

        async Task<HttpStatusCode> AskAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, other.Address + "/connect/token") { Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]) };
            request.Headers.Host = authority;
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{app.App.ClientId}:{app.App.Secret}")));
            using var response = await http.SendAsync(request, Ct);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task One_refresh_token_used_on_two_nodes_at_once_has_one_winner()
    {
        var settings = new Dictionary<string, string?>(host.Store.Settings) { ["TenantIdP:Issuer"] = host.Issuer };
        await using var first = ServerProcess.Start(settings);
        await using var second = ServerProcess.Start(settings);
        var authority = new Uri(host.Issuer).Authority;
        await Task.WhenAll(first.ReadyAsync(Ct, authority), second.ReadyAsync(Ct, authority));

        var user = await host.CreateUserAsync($"{host.Unique("race")}@{host.UniqueHost()}", Ct);
        var organization = await host.CreateOrganizationAsync(Ct);
        await host.AddMemberAsync(organization, user, Ct);
        var app = await host.CreateAppAsync(Ct);
        var (browser, _) = await host.SignedInAsync(user, Ct);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });

        for (var round = 0; round < 5; round++)
        {
            var tokens = await IdpHost.TokensAsync(browser, app, Ct, ("organization", organization.Id.ToString()));

            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => RefreshAsync((i % 2 == 0 ? first : second).Address, tokens.RefreshToken)));

            Assert.Equal(1, answers.Count(a => a == HttpStatusCode.OK));
            Assert.Equal(19, answers.Count(a => a == HttpStatusCode.BadRequest));
        }

        async Task<HttpStatusCode> RefreshAsync(string node, string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, node + "/connect/token") { Content = new FormUrlEncodedContent([new("grant_type", "refresh_token"), new("refresh_token", token)]) };
            request.Headers.Host = authority;
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{app.App.ClientId}:{app.App.Secret}")));
            using var response = await http.SendAsync(request, Ct);
            return response.StatusCode;
        }
    }
}
