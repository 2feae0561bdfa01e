using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Proofs;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>Meta tag and file against real web servers with real certificates, kind and hostile ones.</summary>
public sealed class WebProofTests
{
    private const string Token = TwoDnsServers.Token;
    private const string Host = "acme.test";
    private static readonly string[] Names = [Host, "www.acme.test", "login.acme.test"];
    private static readonly string Page = $"<!doctype html><html><head><title>Acme</title>{DomainProof.MetaTag(Token)}</head><body>Welcome</body></html>";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Task<DomainEvidence> MetaTagAsync(ProofWeb web, string host = Host) =>
        new MetaTagProof(web.Pages, new ClaimableHosts(new DomainOptions())).LookAsync(HostName.Parse(host), Token, "org_test", Ct);

    private static Task<DomainEvidence> FileAsync(ProofWeb web, string host = Host) => new FileProof(web.Pages).LookAsync(HostName.Parse(host), Token, "org_test", Ct);

    private static RequestDelegate Redirect(string from, string to, RequestDelegate otherwise) => context =>
    {
        if ($"{context.Request.Host}{context.Request.Path}" != from) return otherwise(context);
        (context.Response.StatusCode, context.Response.Headers.Location) = (302, to);
        return Task.CompletedTask;
    };

    private static Task SayPageAsync(HttpContext context) => context.Response.WriteAsync(Page);

    private static Task SayTokenAsync(HttpContext context) => context.Response.WriteAsync(Token + "\r\n");

    private static Task NotThereAsync(HttpContext context) => Task.FromResult(context.Response.StatusCode = 404);

    [Fact]
    public async Task A_tag_at_the_domain_is_enough()
    {
        await using var web = await ProofWeb.StartAsync(SayPageAsync, Names, Ct);

        Assert.True((await MetaTagAsync(web)).Proven);
        Assert.Equal(["acme.test/"], web.Requests);
    }

    [Fact]
    public async Task A_tag_at_www_is_too_and_both_pages_are_told()
    {
        await using var web = await ProofWeb.StartAsync(context => context.Request.Host.Host == Host ? NotThereAsync(context) : SayPageAsync(context), Names, Ct);

        var evidence = await MetaTagAsync(web);

        Assert.True(evidence.Proven);
        Assert.Equal([("https://acme.test/", Sighting.NotThere), ("https://www.acme.test/", Sighting.Proven)], evidence.Seen.Select(s => (s.Where, s.Found)));
    }

    [Theory]
    [InlineData("https://www.acme.test/", true)]
    [InlineData("https://login.acme.test/start", true)]
    [InlineData("/start", true)]
    [InlineData("https://acme.test.evil.test/", false)]
    [InlineData("https://evilacme.test/", false)]
    [InlineData("https://evil.test/", false)]
    [InlineData("http://www.acme.test/", false)]
    [InlineData("https://www.acme.test:8443/", false)]
    [InlineData("https://user@www.acme.test/", false)]
    [Trait("Attack", "G1")]
    public async Task A_page_may_redirect_within_the_registrable_domain_only(string to, bool followed)
    {
        await using var web = await ProofWeb.StartAsync(
            Redirect("acme.test/", to, context => context.Request is { Host.Host: "www.acme.test", Path.Value: "/" } && !followed ? NotThereAsync(context) : SayPageAsync(context)), [.. Names, "evil.test", "evilacme.test", "acme.test.evil.test"], Ct);

        var evidence = await MetaTagAsync(web);

        Assert.Equal(followed, evidence.Proven);
        if (!followed) Assert.True(evidence.Seen[0].Found is Sighting.Redirected or Sighting.Unreachable, evidence.Seen[0].ToString());
        Assert.DoesNotContain(web.Requests, r => r.Contains("evil", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Attack", "G1")]
    public async Task Redirects_end_after_three_and_a_suffix_is_no_domain_to_stay_within()
    {
        await using var web = await ProofWeb.StartAsync(context =>
        {
            (context.Response.StatusCode, context.Response.Headers.Location) = (302, $"/{Guid.CreateVersion7():n}");
            return Task.CompletedTask;
        }, Names, Ct);
        var round = await MetaTagAsync(web);
        // github.io is nobody's: what one of its users redirects to another user is not followed.
        await using var shared = await ProofWeb.StartAsync(
            Redirect("one.github.io/", "https://two.github.io/", context => context.Request.Host.Host.StartsWith("www.", StringComparison.Ordinal) ? NotThereAsync(context) : SayPageAsync(context)),
            ["one.github.io", "two.github.io", "www.one.github.io"], Ct);
        var across = await MetaTagAsync(shared, "one.github.io");

        Assert.Equal([Sighting.Redirected, Sighting.Redirected], round.Seen.Select(s => s.Found));
        Assert.Equal(8, web.Requests.Count);
        Assert.False(across.Proven);
        Assert.DoesNotContain("two.github.io/", shared.Requests);
    }

    [Theory]
    [InlineData("/.well-known/tenantidp-challenge.txt")]
    [InlineData("/tenantidp-challenge.txt")]
    public async Task A_file_is_found_at_both_places_and_its_token_is_in_no_URL(string path)
    {
        await using var web = await ProofWeb.StartAsync(context => context.Request.Path == path ? SayTokenAsync(context) : NotThereAsync(context), Names, Ct);

        Assert.True((await FileAsync(web)).Proven);
        Assert.Equal($"acme.test{path}", web.Requests[^1]);
        Assert.DoesNotContain(web.Requests, r => r.Contains(Token, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("https://www.acme.test/.well-known/tenantidp-challenge.txt", true)]
    [InlineData("https://login.acme.test/.well-known/tenantidp-challenge.txt", false)]
    [InlineData("https://evil.test/", false)]
    [InlineData("http://acme.test/x", false)]
    [Trait("Attack", "G1")]
    public async Task A_file_may_redirect_between_the_domain_and_www_only(string to, bool followed)
    {
        await using var web = await ProofWeb.StartAsync(
            Redirect("acme.test/.well-known/tenantidp-challenge.txt", to, context => context.Request is { Host.Host: Host, Path.Value: "/tenantidp-challenge.txt" } ? NotThereAsync(context) : SayTokenAsync(context)), [.. Names, "evil.test"], Ct);

        var evidence = await FileAsync(web);

        Assert.Equal(followed, evidence.Proven);
        if (!followed) Assert.Equal([Sighting.Redirected, Sighting.NotThere], evidence.Seen.Select(s => s.Found));
    }

    [Fact]
    public async Task A_certificate_for_another_name_or_of_nobody_we_trust_is_refused()
    {
        await using var other = await ProofWeb.StartAsync(SayPageAsync, ["elsewhere.test"], Ct, allowed: Names);
        await using var trusted = await ProofWeb.StartAsync(SayPageAsync, Names, Ct);
        await using var stranger = await ProofWeb.StartAsync(SayPageAsync, Names, Ct);

        Assert.All((await MetaTagAsync(other)).Seen, s => Assert.Equal(Sighting.CertificateRefused, s.Found));
        Assert.True((await MetaTagAsync(trusted)).Proven);
        Assert.Empty(other.Requests);
        Assert.Empty(stranger.Requests);
    }

    public static TheoryData<string, Sighting> Places => new()
    {
        { "127.0.0.1", Sighting.Unreachable }, { "10.0.0.1", Sighting.Unreachable }, { "192.168.1.1", Sighting.Unreachable }, { "172.16.0.1", Sighting.Unreachable }, { "100.64.0.1", Sighting.Unreachable },
        { "169.254.169.254", Sighting.Unreachable }, { "::1", Sighting.Unreachable }, { "::ffff:127.0.0.1", Sighting.Unreachable }, { "fd00::1", Sighting.Unreachable }, { "64:ff9b::7f00:1", Sighting.Unreachable },
    };

    [Theory, MemberData(nameof(Places))]
    [Trait("Attack", "G1")]
    public async Task A_name_that_leads_inside_is_not_dialled_and_reads_like_one_that_leads_nowhere(string address, Sighting found)
    {
        await using var web = await ProofWeb.StartAsync(SayPageAsync, Names, Ct, (_, _) => [IPAddress.Parse(address)], allowed: []);
        await using var nowhere = await ProofWeb.StartAsync(SayPageAsync, Names, Ct, (_, _) => [], allowed: []);

        foreach (var (inside, outside) in new[] { (await MetaTagAsync(web), await MetaTagAsync(nowhere)), (await FileAsync(web), await FileAsync(nowhere)) })
        {
            Assert.All(inside.Seen, s => Assert.Equal(found, s.Found));
            Assert.Equal(outside.Seen, inside.Seen);
        }

        Assert.Empty(web.Dialled);
    }

    [Fact]
    [Trait("Attack", "G1")]
    public async Task A_name_that_changes_its_address_between_two_questions_is_judged_by_what_is_dialled()
    {
        // Public at first, inside at the next question.
        await using var web = await ProofWeb.StartAsync(SayPageAsync, Names, Ct, (_, asked) => [asked == 1 ? IPAddress.Parse("93.184.216.34") : IPAddress.Loopback], allowed: []);
        // One public and one private answer at once.
        await using var mixed = await ProofWeb.StartAsync(SayPageAsync, Names, Ct, (_, _) => [IPAddress.Parse("93.184.216.34"), IPAddress.Loopback], allowed: []);

        Assert.All((await MetaTagAsync(web)).Seen, s => Assert.Equal(Sighting.Unreachable, s.Found));
        Assert.All((await MetaTagAsync(mixed)).Seen, s => Assert.Equal(Sighting.Unreachable, s.Found));
        Assert.Equal([IPAddress.Parse("93.184.216.34")], web.Dialled.Select(d => d.Address));
        Assert.Empty(mixed.Dialled);
        Assert.Empty(web.Requests);
    }

    [Theory]
    [InlineData(600 * 1024)]
    [InlineData(50 * 1024 * 1024)]
    public async Task A_page_that_is_too_large_is_refused(int bytes)
    {
        await using var web = await ProofWeb.StartAsync(async context =>
        {
            var block = Encoding.ASCII.GetBytes(new string(' ', 16 * 1024));
            for (var sent = 0; sent < bytes && !context.RequestAborted.IsCancellationRequested; sent += block.Length) await context.Response.Body.WriteAsync(block, context.RequestAborted);
            await SayPageAsync(context);
        }, Names, Ct);

        Assert.All((await MetaTagAsync(web)).Seen, s => Assert.Equal(Sighting.TooLarge, s.Found));
        Assert.All((await FileAsync(web)).Seen, s => Assert.Equal(Sighting.TooLarge, s.Found));
    }

    [Fact]
    public async Task A_page_that_drips_is_given_up()
    {
        var ended = new TaskCompletionSource();
        await using var web = await ProofWeb.StartAsync(async context =>
        {
            await context.Response.WriteAsync("<head>");
            await context.Response.Body.FlushAsync();
            await ended.Task.WaitAsync(context.RequestAborted);
        }, Names, Ct, timeout: TimeSpan.FromMilliseconds(300));

        var evidence = await MetaTagAsync(web);
        ended.SetResult();

        Assert.All(evidence.Seen, s => Assert.Equal(Sighting.TimedOut, s.Found));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(500)]
    [InlineData(204)]
    [InlineData(206)]
    public async Task Only_200_is_a_page(int status)
    {
        await using var web = await ProofWeb.StartAsync(async context =>
        {
            context.Response.StatusCode = status;
            if (status != 204) await SayPageAsync(context);
        }, Names, Ct);

        Assert.All((await MetaTagAsync(web)).Seen, s => Assert.Equal((Sighting.ServerFailed, $"HTTP {status}"), (s.Found, s.Seen)));
    }

    public static TheoryData<string, string, Sighting> Pages => new()
    {
        { "in the head", $"<head>{DomainProof.MetaTag(Token)}</head>", Sighting.Proven },
        { "without head and html", $"<!doctype html><title>x</title>{DomainProof.MetaTag(Token)}<p>text", Sighting.Proven },
        { "other order, case and spaces", $"<HEAD><META CONTENT='  {Token} ' NAME=TenantIdP-Site-Verification /></HEAD>", Sighting.Proven },
        { "the second of two", $"<head><meta name=tenantidp-site-verification content=x>{DomainProof.MetaTag(Token)}</head>", Sighting.Proven },
        { "another token", "<head><meta name=tenantidp-site-verification content=x></head>", Sighting.WrongValue },
        { "no content", "<head><meta name=tenantidp-site-verification></head>", Sighting.WrongValue },
        { "other letters", $"<head>{DomainProof.MetaTag(Token.ToLowerInvariant())}</head>", Sighting.WrongValue },
        { "in the body", $"<head></head><body>{DomainProof.MetaTag(Token)}</body>", Sighting.Nothing },
        { "after what ends the head", $"<head><p>{DomainProof.MetaTag(Token)}</head>", Sighting.Nothing },
        { "a head in the body", $"<body><head>{DomainProof.MetaTag(Token)}</head></body>", Sighting.Nothing },
        { "in a comment", $"<head><!-- {DomainProof.MetaTag(Token)} --></head>", Sighting.Nothing },
        { "in a comment that ends late", $"<head><!-- > {DomainProof.MetaTag(Token)} --!></head>", Sighting.Nothing },
        { "in a template", $"<head><template>{DomainProof.MetaTag(Token)}</template></head>", Sighting.Nothing },
        { "in noscript", $"<head><noscript>{DomainProof.MetaTag(Token)}</noscript></head>", Sighting.Nothing },
        { "in a title", $"<head><title>{DomainProof.MetaTag(Token)}</title></head>", Sighting.Nothing },
        { "in a style", $"<head><style>{DomainProof.MetaTag(Token)}</style></head>", Sighting.Nothing },
        { "in a script", $"<head><script>{DomainProof.MetaTag(Token)}</script></head>", Sighting.Nothing },
        { "in a text area", $"<textarea>{DomainProof.MetaTag(Token)}</textarea>", Sighting.Nothing },
        { "in svg", $"<head><svg>{DomainProof.MetaTag(Token)}</svg></head>", Sighting.Nothing },
        { "by property", $"<head><meta property=tenantidp-site-verification content={Token}></head>", Sighting.Nothing },
        { "escaped", $"<head>&lt;meta name=tenantidp-site-verification content={Token}&gt;</head>", Sighting.Nothing },
        { "nothing", "", Sighting.Nothing },
        { "no html", "\0\u0001\u0002{}", Sighting.Nothing },
    };

    [Theory, MemberData(nameof(Pages))]
    public void Only_what_stands_in_the_head_counts(string what, string html, Sighting found)
    {
        using var page = new MemoryStream(Encoding.UTF8.GetBytes(html));

        Assert.True(found == MetaTagProof.Judge(page, Token).Found, what);
    }

    [Fact]
    [Trait("Attack", "G3")]
    public async Task A_page_that_is_made_to_be_costly_is_left_within_a_second()
    {
        var formats = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"<b a={i}>"));
        string[] bombs = [$"<head><template>{formats}{new string('x', 10)}{string.Concat(Enumerable.Repeat("<p>", 30_000))}", $"<head>{string.Concat(Enumerable.Repeat("<template>", 50_000))}", $"<head><meta {string.Concat(Enumerable.Range(0, 60_000).Select(i => $"a{i} "))}>"];
        var bomb = "";
        await using var web = await ProofWeb.StartAsync(context => context.Response.WriteAsync(bomb), Names, Ct);
        foreach (var next in bombs)
        {
            bomb = next;
            var since = System.Diagnostics.Stopwatch.StartNew();
            Assert.False((await MetaTagAsync(web)).Proven);
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(5), $"{since.Elapsed}"); // two pages, on a machine that is shared
        }
    }

    [Theory]
    [InlineData("{0}", true)]
    [InlineData("\uFEFF{0}\n", true)]
    [InlineData("  {0}\r\n\r\n", true)]
    [InlineData("x{0}", false)]
    [InlineData("{0} {0}", false)]
    [InlineData("tenantidp-domain-verification={0}", false)]
    [InlineData("<html>{0}</html>", false)]
    [InlineData("", false)]
    public void A_file_holds_the_token_and_nothing_else(string form, bool proven)
    {
        var body = Encoding.UTF8.GetBytes(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, Token));

        Assert.Equal(proven, FileProof.Judge(body, Token).Found == Sighting.Proven);
    }

    [Fact]
    public async Task What_a_server_holds_is_not_told()
    {
        await using var web = await ProofWeb.StartAsync(context => context.Response.WriteAsync("the secret of a server"), Names, Ct);

        Assert.DoesNotContain("secret", string.Join('\n', (await FileAsync(web)).Seen.Concat((await MetaTagAsync(web)).Seen)), StringComparison.Ordinal);
    }
}
