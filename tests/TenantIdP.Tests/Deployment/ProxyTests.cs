using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using TenantIdP.Core.Instance;
using TenantIdP.Server;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Deployment;

/// <summary>A server whose limit is low, so that its count of a caller can be seen; the tests speak to it from loopback, as a proxy does.</summary>
public abstract class LimitedHost(params (string Key, string Value)[] settings) : IdpHost(new SqliteStore())
{
    public const int Limit = 1000;

    protected override void Configure(WebApplicationBuilder builder)
    {
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["TenantIdP:RateLimits:AnonymousRequestsPerMinute"] = $"{Limit}" });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value));
    }
}

public sealed class UntrustingHost() : LimitedHost();

public sealed class BehindOneProxy() : LimitedHost(("TenantIdP:Proxy:KnownNetworks:0", "127.0.0.1/32"), ("TenantIdP:Proxy:KnownNetworks:1", "::1/128"));

public sealed class BehindTwoProxies() : LimitedHost(
    ("TenantIdP:Proxy:KnownNetworks:0", "127.0.0.1/32"), ("TenantIdP:Proxy:KnownNetworks:1", "::1/128"), ("TenantIdP:Proxy:KnownNetworks:2", "10.20.0.0/16"), ("TenantIdP:Proxy:Hops", "2"));

/// <summary>Whose word about a client's address counts.</summary>
public sealed class ProxyTests(UntrustingHost untrusting, BehindOneProxy one, BehindTwoProxies two) : IClassFixture<UntrustingHost>, IClassFixture<BehindOneProxy>, IClassFixture<BehindTwoProxies>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_known_network_nobodys_word_counts()
    {
        var first = await LeftAsync(untrusting, "198.51.100.1");
        var second = await LeftAsync(untrusting, "198.51.100.2");
        var third = await LeftAsync(untrusting, null);

        Assert.Equal((first - 1, first - 2), (second, third)); // one caller: the peer itself
    }

    [Fact]
    public async Task A_known_proxy_names_the_client_and_each_client_has_a_count_of_its_own()
    {
        Assert.Equal(LimitedHost.Limit - 1, await LeftAsync(one, "198.51.100.11"));
        Assert.Equal(LimitedHost.Limit - 1, await LeftAsync(one, "198.51.100.12"));
        Assert.Equal(LimitedHost.Limit - 2, await LeftAsync(one, "198.51.100.11"));
    }

    [Fact]
    public async Task What_a_client_wrote_before_its_proxy_is_not_believed()
    {
        Assert.Equal(LimitedHost.Limit - 1, await LeftAsync(one, "203.0.113.1, 198.51.100.21"));
        Assert.Equal(LimitedHost.Limit - 2, await LeftAsync(one, "203.0.113.2, 198.51.100.21"));
        Assert.Equal(LimitedHost.Limit - 3, await LeftAsync(one, "127.0.0.1, 198.51.100.21"));
    }

    [Fact]
    public async Task With_two_hops_the_second_counts_only_when_a_known_network_added_it()
    {
        Assert.Equal(LimitedHost.Limit - 1, await LeftAsync(two, "198.51.100.31, 10.20.0.5"));
        Assert.Equal(LimitedHost.Limit - 1, await LeftAsync(two, "198.51.100.32, 10.20.0.5"));
        Assert.Equal(LimitedHost.Limit - 2, await LeftAsync(two, "203.0.113.9, 198.51.100.31, 10.20.0.6"));

        // A stranger's address at the right end: it is the client, whatever stands before it.
        Assert.Equal(LimitedHost.Limit - 1, await LeftAsync(two, "198.51.100.33, 203.0.113.50"));
        Assert.Equal(LimitedHost.Limit - 2, await LeftAsync(two, "198.51.100.34, 203.0.113.50"));
    }

    [Theory]
    [InlineData("not an address")]
    [InlineData("")]
    [InlineData("999.1.1.1")]
    [InlineData("198.51.100.1;DROP")]
    public async Task What_is_no_address_leaves_the_peer_the_caller(string text)
    {
        var before = await LeftAsync(one, null);

        Assert.Equal(before - 1, await LeftAsync(one, text));
    }

    [Fact]
    [Trait("Attack", "B2")]
    public async Task Neither_host_nor_scheme_is_taken_from_a_header_even_of_a_known_proxy()
    {
        foreach (var (header, value) in new[] { ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"), ("Forwarded", "host=evil.example;proto=https;for=198.51.100.77"), ("X-Forwarded-Prefix", "/evil"), ("X-Original-Host", "evil.example") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, one.Issuer + "/.well-known/openid-configuration");
            request.Headers.TryAddWithoutValidation(header, value);
            using var response = await one.Http.SendAsync(request, Ct);
            var document = await response.Content.ReadAsStringAsync(Ct);

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Contains($"\"issuer\":\"{one.Issuer}\"", document.Replace(": ", ":", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.DoesNotContain("evil", document, StringComparison.Ordinal);
        }

        using var foreign = new HttpRequestMessage(HttpMethod.Get, one.Issuer + "/.well-known/openid-configuration");
        foreign.Headers.Host = "evil.example";
        foreign.Headers.TryAddWithoutValidation("X-Forwarded-Host", new Uri(one.Issuer).Authority);
        using var refused = await one.Http.SendAsync(foreign, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Theory]
    [InlineData("FORWARDEDHEADERS_ENABLED", "true", "ASPNETCORE_FORWARDEDHEADERS_ENABLED")]
    [InlineData("TenantIdP:Proxy:KnownNetworks:0", "0.0.0.0/0", "TenantIdP__Proxy__KnownNetworks__0")]
    [InlineData("TenantIdP:Proxy:KnownNetworks:0", "proxy.internal", "TenantIdP__Proxy__KnownNetworks__0")]
    [InlineData("TenantIdP:Proxy:KnownNetworks:0", "10.0.4.7/24", "TenantIdP__Proxy__KnownNetworks__0")]
    [InlineData("TenantIdP:Proxy:Hops", "0", "TenantIdP__Proxy__Hops")]
    public void A_setting_that_would_trust_everybody_or_nobody_knows_whom_is_refused(string key, string value, string named)
    {
        var refused = Assert.Throws<StartupException>(() => ServerApp.Build(["--environment", "Development"], builder => builder.Configuration.AddInMemoryCollection([new(key, value)])));

        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>How many requests are left to the caller that the server sees.</summary>
    private static async Task<int> LeftAsync(IdpHost host, string? forwardedFor)
    {
        // By address and with the host of the issuer, so that the peer is always the same.
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, UseCookies = false,
            ConnectCallback = async (context, ct) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, host.Issuer + (forwardedFor is null ? "/connect/device/" : "/connect/device")) { Content = new FormUrlEncodedContent([new("client_id", "nobody")]) };
        if (forwardedFor is not null) request.Headers.TryAddWithoutValidation("X-Forwarded-For", forwardedFor);
        using var response = await http.SendAsync(request, Ct);
        return int.Parse(response.Headers.GetValues("RateLimit-Remaining").Single(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
