using System.Net;
using System.Net.Sockets;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Proofs;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>Two servers of names, of which the second is behind.</summary>
public sealed class TwoDnsServers : IAsyncLifetime
{
    public const string Token = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_abcde";
    private const string Value = $"tenantidp-domain-verification={Token}";
    private static readonly string LongNoise = new('n', 250);

    public DnsServer First { get; private set; } = null!; // set by InitializeAsync

    public DnsServer Second { get; private set; } = null!; // as above

    public async ValueTask InitializeAsync()
    {
        var records = $"""
            _tenantidp-challenge.below TXT "{Value}"
            at TXT "v=spf1 -all"
            at TXT "{Value}"
            _tenantidp-challenge.chunks TXT "{Value[..20]}" "{Value[20..50]}" "{Value[50..]}"
            _tenantidp-challenge.quoted TXT "\"{Value}\" "
            _tenantidp-challenge.wrong TXT "tenantidp-domain-verification=another"
            at.wrong A 127.0.0.1
            wrong TXT "secret-of-somebody-else"
            nothing A 127.0.0.1
            _tenantidp-challenge.nothing TXT "secret-of-somebody-else"
            _tenantidp-challenge.alias CNAME one.other.test.
            alias A 127.0.0.1
            _tenantidp-challenge.loop CNAME loop2
            loop2 CNAME _tenantidp-challenge.loop
            loop A 127.0.0.1
            hosted CNAME one.other.test.
            _tenantidp-challenge.doubled.proofs.test.doubled TXT "{Value}"
            doubled A 127.0.0.1
            _tenantidp-challenge.zone.proofs.test TXT "{Value}"
            zone A 127.0.0.1
            _tenantidp-challenge.prefix TXT "x{Value}"
            prefix TXT "{Value}x"
            _tenantidp-challenge.case TXT "{Value.ToLowerInvariant()}"
            case A 127.0.0.1
            _tenantidp-challenge.many TXT "{Value}"
            many A 127.0.0.1
            {string.Join('\n', Enumerable.Range(0, 100).Select(i => $"_tenantidp-challenge.flood TXT \"{i}{LongNoise}\""))}
            flood A 127.0.0.1
            {string.Join('\n', Enumerable.Range(0, 20).Select(i => $"_tenantidp-challenge.many TXT \"{i}{LongNoise}\""))}
            """;
        First = await DnsServer.StartAsync(new Dictionary<string, string?>
        {
            ["proofs.test"] = records, ["other.test"] = $"one CNAME two\ntwo TXT \"{Value}\"", ["broken.test"] = null, ["both.test"] = $"_tenantidp-challenge TXT \"{Value}\"",
        }, TestContext.Current.CancellationToken);
        Second = await DnsServer.StartAsync(new Dictionary<string, string?>
        {
            ["proofs.test"] = "below A 127.0.0.1", ["both.test"] = $"_tenantidp-challenge TXT \"{Value}\"",
        }, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await First.DisposeAsync();
        await Second.DisposeAsync();
    }
}

/// <summary>The proof by DNS against real servers of names: each failure is told from the others.</summary>
public sealed class DnsProofTests(TwoDnsServers dns) : IClassFixture<TwoDnsServers>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Task<DomainEvidence> LookAsync(string host, params string[] resolvers)
    {
        var options = new DomainOptions { Resolvers = resolvers, Allowed = ["test"] };
        return new DnsProof(options, new ClaimableHosts(options)).LookAsync(HostName.Parse(host), TwoDnsServers.Token, Ct);
    }

    [Theory]
    [InlineData("below.proofs.test")]
    [InlineData("at.proofs.test")]
    [InlineData("chunks.proofs.test")]
    [InlineData("quoted.proofs.test")]
    [InlineData("alias.proofs.test")] // by two CNAMEs, one of which leads to another zone
    [InlineData("many.proofs.test")] // by TCP: too much for a datagram
    public async Task The_token_is_found_where_it_may_stand(string host)
    {
        var evidence = await LookAsync(host, dns.First.Address);

        Assert.True(evidence.Proven, string.Join('\n', evidence.Seen));
        Assert.Contains(evidence.Seen, s => s.Found == Sighting.Proven);
    }

    [Theory]
    [InlineData("wrong.proofs.test", Sighting.WrongValue, Sighting.Nothing)]
    [InlineData("nothing.proofs.test", Sighting.Nothing, Sighting.Nothing)]
    [InlineData("nowhere.proofs.test", Sighting.NotThere, Sighting.NotThere)]
    [InlineData("prefix.proofs.test", Sighting.Nothing, Sighting.WrongValue)]
    [InlineData("case.proofs.test", Sighting.WrongValue, Sighting.Nothing)]
    [InlineData("flood.proofs.test", Sighting.TooLarge, Sighting.Nothing)]
    [InlineData("loop.proofs.test", Sighting.Unreadable, Sighting.Nothing)]
    [InlineData("a.broken.test", Sighting.ServerFailed, Sighting.ServerFailed)]
    [InlineData("refused.elsewhere.test", Sighting.ServerFailed, Sighting.ServerFailed)]
    public async Task Each_failure_is_told_from_the_others(string host, Sighting below, Sighting at)
    {
        var evidence = await LookAsync(host, dns.First.Address);

        Assert.False(evidence.Proven);
        Assert.True(evidence.Conclusive);
        Assert.Equal([below, at], evidence.Seen.Take(2).Select(s => s.Found));
        Assert.DoesNotContain(evidence.Seen, s => s.ToString().Contains("secret-of-somebody-else", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Attack", "C6")]
    public async Task An_alias_of_the_domain_itself_gives_the_proof_to_nobody()
    {
        // hosted.proofs.test is a CNAME of a hoster's name, which has the token as its text.
        var evidence = await LookAsync("hosted.proofs.test", dns.First.Address);

        Assert.False(evidence.Proven);
    }

    [Theory]
    [InlineData("doubled.proofs.test", "_tenantidp-challenge.doubled.proofs.test.doubled.proofs.test")]
    [InlineData("zone.proofs.test", "_tenantidp-challenge.zone.proofs.test.proofs.test")]
    public async Task A_zone_that_stands_twice_is_said(string host, string name)
    {
        // The first zone's own name is what a panel adds; the record of "doubled" stands below the host once more.
        var evidence = await LookAsync(host, dns.First.Address);

        Assert.False(evidence.Proven);
        var doubled = Assert.Single(evidence.Seen, s => s.Found == Sighting.DoubledZone);
        Assert.Contains(name, doubled.Where, StringComparison.Ordinal);
        Assert.Contains("Enter only _tenantidp-challenge", doubled.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_resolver_that_answers_must_see_it()
    {
        Assert.True((await LookAsync("both.test", dns.First.Address, dns.Second.Address)).Proven);
        var evidence = await LookAsync("below.proofs.test", dns.First.Address, dns.Second.Address);

        Assert.False(evidence.Proven);
        Assert.Contains(evidence.Seen, s => s.Where == "all resolvers");
        // One that fails for the name has no say.
        Assert.True((await LookAsync("alias.proofs.test", dns.First.Address, "127.0.0.1:9")).Proven);
    }

    [Fact]
    public async Task A_resolver_that_is_silent_has_no_say_and_none_at_all_says_nothing_about_the_domain()
    {
        using var silent = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var address = silent.Client.LocalEndPoint!.ToString()!; // bound
        var both = await LookAsync("below.proofs.test", dns.First.Address, address);
        var alone = await LookAsync("below.proofs.test", address);

        Assert.True(both.Proven);
        Assert.Contains(both.Seen, s => s.Found == Sighting.TimedOut);
        Assert.False(alone.Proven);
        Assert.False(alone.Conclusive);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("ffffffffffffffffffffffffffffffff")]
    [InlineData("81800001ffff00000000")]
    [InlineData("818000010001000000000178c00c00100001000000010004ffffffff")]
    [InlineData("8180000000010000000003777777c000c0000010000100000001ffff")]
    public async Task Bytes_that_are_no_answer_prove_nothing_and_break_nothing(string answer)
    {
        using var hostile = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var serving = ServeAsync(hostile, Convert.FromHexString(answer), ended.Token);

        var evidence = await LookAsync("below.proofs.test", hostile.Client.LocalEndPoint!.ToString()!); // bound
        await ended.CancelAsync();

        Assert.False(evidence.Proven);
        Assert.All(evidence.Seen, s => Assert.True(s.Found is not Sighting.Proven));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    // The question's id, then what the test says.
    private static async Task ServeAsync(UdpClient server, byte[] answer, CancellationToken ct)
    {
        while (true)
        {
            var question = await server.ReceiveAsync(ct);
            await server.SendAsync((byte[])[.. question.Buffer[..2], .. answer], question.RemoteEndPoint, ct);
        }
    }
}
