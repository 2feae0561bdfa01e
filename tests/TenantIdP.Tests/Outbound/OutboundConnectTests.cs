using System.Net;
using System.Net.Sockets;
using TenantIdP.Server.Http.Outbound;
using Xunit;

namespace TenantIdP.Tests.Outbound;

[Trait("Attack", "G1")]
public sealed class OutboundConnectTests
{
    private static readonly IPAddress Public = IPAddress.Parse("8.8.8.8");

    [Fact]
    public async Task A_name_that_turns_private_after_the_first_answer_reaches_nothing_private()
    {
        using var client = new TestClient(new OutboundOptions(), (_, asked) => [asked == 1 ? Public : IPAddress.Loopback]);

        var first = await client.RefusedAsync("https://rebind.test/");
        Assert.Equal(OutboundRefusal.Unreachable, first.Reason);
        // One question, and its answer is what was dialled: there is no second question for the attacker to answer.
        Assert.Equal(1, client.Resolver.Asked);
        Assert.Equal(new IPEndPoint(Public, 443), Assert.Single(client.Dialled));

        var second = await client.RefusedAsync("https://rebind.test/");
        Assert.Equal(OutboundRefusal.AddressNotPublic, second.Reason);
        Assert.Equal(2, client.Resolver.Asked);
        Assert.Single(client.Dialled);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    public async Task One_private_answer_among_public_ones_refuses_the_name(string hidden)
    {
        using var client = new TestClient(new OutboundOptions(), (_, _) => [Public, IPAddress.Parse(hidden), IPAddress.Parse("1.1.1.1")]);

        var refused = await client.RefusedAsync("https://mixed.test/");

        Assert.Equal(OutboundRefusal.AddressNotPublic, refused.Reason);
        Assert.Empty(client.Dialled);
    }

    [Fact]
    public async Task Every_public_address_of_a_name_is_tried_and_none_twice()
    {
        using var client = new TestClient(new OutboundOptions(), (_, _) => [Public, IPAddress.Parse("1.1.1.1")]);

        await client.RefusedAsync("https://two.test/");

        Assert.Equal(["8.8.8.8", "1.1.1.1"], client.Dialled.Select(e => e.Address.ToString()));
    }

    [Fact]
    public async Task An_unknown_name_a_private_one_and_a_closed_port_read_the_same()
    {
        using var unknown = new TestClient(new OutboundOptions(), (_, _) => throw new SocketException((int)SocketError.HostNotFound));
        using var empty = new TestClient(new OutboundOptions(), (_, _) => []);
        using var inner = new TestClient(new OutboundOptions(), (_, _) => [IPAddress.Parse("10.20.30.40")]);
        using var closed = new TestClient(new OutboundOptions(), (_, _) => [Public]);

        OutboundRefusedException[] refusals =
        [
            await unknown.RefusedAsync("https://db.corp.test/"),
            await empty.RefusedAsync("https://db.corp.test/"),
            await inner.RefusedAsync("https://db.corp.test/"),
            await closed.RefusedAsync("https://db.corp.test/"),
            await closed.RefusedAsync("https://10.20.30.40/"),
            await closed.RefusedAsync("https://db.corp.test:6379/"),
        ];

        Assert.Equal(
            [
                OutboundRefusal.NameNotResolved, OutboundRefusal.NameNotResolved, OutboundRefusal.AddressNotPublic,
                OutboundRefusal.Unreachable, OutboundRefusal.AddressNotPublic, OutboundRefusal.PortNotAllowed,
            ],
            refusals.Select(r => r.Reason));
        Assert.Equal("The address is not reachable from here.", Assert.Single(refusals.Select(r => r.Message).Distinct()));
        Assert.All(refusals, r => Assert.Null(r.InnerException));
        Assert.All(refusals, r => Assert.DoesNotContain("10.20.30.40", r.ToString(), StringComparison.Ordinal));
        // The operator does see it.
        Assert.Contains(inner.Log.Lines, line => line.Contains("10.20.30.40", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_certificate_nobody_vouches_for_is_refused_without_naming_the_machine()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var server = await LoopbackServer.StartAsync(_ => Task.CompletedTask, ct);
        var options = new OutboundOptions { AllowedHosts = [$"idp.corp.test:{server.Port}"] };
        using var sockets = OutboundHandler.Create(options, new TableResolver((_, _) => [IPAddress.Loopback]));
        using var guard = new OutboundGuard(options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<OutboundGuard>.Instance) { InnerHandler = sockets };
        using var http = new HttpClient(guard);

        var refused = await Assert.ThrowsAsync<OutboundRefusedException>(() => http.GetAsync(new Uri($"https://idp.corp.test:{server.Port}/"), ct));

        Assert.Equal(OutboundRefusal.CertificateNotAccepted, refused.Reason);
        Assert.Equal(0, server.Requests);
        Assert.DoesNotContain("127.0.0.1", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_socket_handler_fetches_nothing_by_itself()
    {
        using var sockets = OutboundHandler.Create(new OutboundOptions(), new SystemHostResolver());

        Assert.False(sockets.UseProxy);
        Assert.False(sockets.AllowAutoRedirect);
        Assert.False(sockets.UseCookies);
        Assert.True(sockets.SslOptions.CertificateChainPolicy?.DisableCertificateDownloads);
    }
}
