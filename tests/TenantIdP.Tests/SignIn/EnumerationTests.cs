using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using AngleSharp.Html.Parser;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>
/// Nobody learns from the sign-in pages whether a person has an account (SECURITY.md B1): each answer of a known person is compared with that of an unknown one of the same domain,
/// in status, length, headers, cookies and time. 600 probes of the first step, taken in turns; 10,000 with <c>TENANTIDP_TEST_LONG=1</c>.
/// </summary>
public abstract partial class EnumerationTests(IdpHost idp)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("TENANTIDP_TEST_LONG") == "1";

    /// <summary>Wrong passwords for one account, below where it is closed to this network.</summary>
    private const int TriesOfOne = 8;

    private static readonly string[] Changing = ["Date", "Set-Cookie", "Location", "Content-Length", "X-Trace-Id", "traceparent"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What a stranger sees of one answer.</summary>
    private sealed record Seen(string Shape, double Milliseconds);

    private sealed record Group(string Name, string Host, IReadOnlyList<string> Known)
    {
        public List<Seen> OfKnown { get; } = [];
        public List<Seen> OfUnknown { get; } = [];
    }

    [Fact]
    [Trait("Attack", "B1")]
    public async Task The_address_step_answers_known_and_unknown_people_alike()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var groups = await NewGroupsAsync(upstream, 3);
        using var client = await NewClientAsync();
        var probes = IsLong ? 10_000 : 600;

        for (var i = 0; i < 40; i++) await ProbeAllAsync(groups.Values, i, (email, _) => AddressAsync(client, email), keep: false); // warm
        for (var i = 0; i * groups.Count * 2 < probes; i++) await ProbeAllAsync(groups.Values, i, (email, _) => AddressAsync(client, email));

        foreach (var group in groups.Values) AssertAlike(group, exactOrder: true);
    }

    [Fact]
    [Trait("Attack", "B1")]
    public async Task The_password_step_answers_known_and_unknown_people_alike()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var rounds = IsLong ? 400 : 24;
        var groups = await NewGroupsAsync(upstream, (rounds / TriesOfOne) + 2);
        using var client = await NewClientAsync();

        for (var i = 0; i < 2; i++) await ProbeAllAsync(groups.Values, i, (email, _) => PasswordAsync(client, email), keep: false);
        for (var i = 2; i < rounds + 2; i++) await ProbeAllAsync(groups.Values, i, (email, _) => PasswordAsync(client, email));

        foreach (var group in groups.Values) AssertAlike(group, exactOrder: false);
    }

    /// <summary>A domain of nobody, one that is verified and has no sign-in of its own, one whose people would be asked to join, and one with SSO.</summary>
    private async Task<Dictionary<string, Group>> NewGroupsAsync(TestUpstream upstream, int people)
    {
        var (plain, open, sso) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        var hosts = new Dictionary<string, string>
        {
            ["nobody's"] = idp.UniqueHost(), ["verified"] = await idp.VerifyDomainAsync(plain, Ct), ["assigning"] = await idp.VerifyDomainAsync(open, Ct), ["sso"] = await idp.VerifyDomainAsync(sso, Ct),
        };
        await idp.ConnectAsync(sso, upstream, Ct);
        var domain = (await idp.InScopeAsync<DomainService, Result<Page<OrganizationDomain>>>(s => s.ListAsync(open.Id, new PageRequest(50, null), Ct), open.Id)).Value!.Items.Single(); // a first page
        await idp.UseAsync<DomainRouting, OrganizationDomain>(s => s.UpdateAsync(open.Id, domain.Id, new DomainChanges { Assignment = AssignmentMode.Auto }, Granter.Instance, null, Ct), open.Id);
        var groups = new Dictionary<string, Group>();
        foreach (var (name, host) in hosts)
        {
            var known = new List<string>();
            for (var i = 0; i < people; i++)
            {
                known.Add($"known-{i.ToString("d5", CultureInfo.InvariantCulture)}@{host}");
                await idp.CreateUserAsync(known[i], Ct);
            }

            groups[name] = new Group(name, host, known);
        }

        return groups;
    }

    /// <summary>Each group's known and unknown person in turns, so that what the machine does besides falls on both.</summary>
    private static async Task ProbeAllAsync(IEnumerable<Group> groups, int round, Func<string, Group, Task<Seen>> probe, bool keep = true)
    {
        foreach (var group in groups)
        {
            var (known, unknown) = (group.Known[round / TriesOfOne % group.Known.Count], $"other-{round.ToString("d5", CultureInfo.InvariantCulture)}@{group.Host}");
            var inTurn = round % 2 == 0 ? [(known, group.OfKnown), (unknown, group.OfUnknown)] : new[] { (unknown, group.OfUnknown), (known, group.OfKnown) };
            foreach (var (email, seen) in inTurn)
            {
                var one = await probe(email, group);
                if (keep) seen.Add(one);
            }
        }
    }

    private static void AssertAlike(Group group, bool exactOrder)
    {
        Assert.Equal(group.OfKnown.Select(s => s.Shape).Distinct().Order(StringComparer.Ordinal), group.OfUnknown.Select(s => s.Shape).Distinct().Order(StringComparer.Ordinal));
        Assert.Single(group.OfKnown.Select(s => s.Shape).Distinct());
        var (known, unknown) = (Median(group.OfKnown), Median(group.OfUnknown));
        var apart = Math.Abs(known - unknown);
        // How often a known person's answer is slower than an unknown one's; one half when time tells nothing. Four standard deviations of chance, and a little for the machine.
        var slower = group.OfKnown.Sum(k => group.OfUnknown.Sum(u => k.Milliseconds > u.Milliseconds ? 1.0 : k.Milliseconds < u.Milliseconds ? 0 : 0.5)) / ((double)group.OfKnown.Count * group.OfUnknown.Count);
        var chance = Math.Sqrt((group.OfKnown.Count + group.OfUnknown.Count + 1) / (12.0 * group.OfKnown.Count * group.OfUnknown.Count));
        var figures = string.Create(CultureInfo.InvariantCulture, $"{group.Name}: medians {known:F2} and {unknown:F2} ms of {group.OfKnown.Count}; known is slower in {slower:P1}");
        TestContext.Current.SendDiagnosticMessage(figures);
        Assert.True(apart < 20 || apart < 0.25 * Math.Max(known, unknown), figures);
        if (exactOrder) Assert.True(Math.Abs(slower - 0.5) < (4 * chance) + 0.03, figures);
    }

    private static double Median(IEnumerable<Seen> seen)
    {
        var sorted = seen.Select(s => s.Milliseconds).Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private sealed class Client(HttpClient http, string cookie, IReadOnlyList<KeyValuePair<string, string>> fields, string issuer) : IDisposable
    {
        public async Task<Seen> PostAsync(string path, string email, params KeyValuePair<string, string>[] more)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, issuer + path) { Content = new FormUrlEncodedContent([.. fields, new("email", email), .. more]) };
            request.Headers.Add("Origin", issuer);
            request.Headers.Add("Cookie", cookie);
            var watch = Stopwatch.StartNew();
            using var answer = await http.SendAsync(request, Ct);
            var body = await answer.Content.ReadAsStringAsync(Ct);
            var elapsed = watch.Elapsed.TotalMilliseconds;
            var headers = answer.Headers.Concat(answer.Content.Headers).Where(h => !Changing.Contains(h.Key, StringComparer.OrdinalIgnoreCase)).Select(h => $"{h.Key}: {Nonce().Replace(string.Join(',', h.Value), "nonce")}").Order(StringComparer.Ordinal);
            var cookies = answer.Headers.TryGetValues("Set-Cookie", out var set) ? set.Select(c => $"{Handle().Replace(c.Split('=')[0], "")} {c.Length}").Order(StringComparer.Ordinal) : Enumerable.Empty<string>();
            // What is told apart by its text alone would be told by its length, but for the address, which has the same one for both.
            return new Seen($"{(int)answer.StatusCode} {body.Length} {answer.Headers.Location?.OriginalString.Length} {answer.Headers.Location?.OriginalString.Split('?')[0]}\n{string.Join('\n', headers)}\n{string.Join('\n', cookies)}", elapsed);
        }

        public void Dispose() => http.Dispose();
    }

    private async Task<Client> NewClientAsync()
    {
        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });
        using var page = await http.GetAsync(idp.Issuer + "/signin", Ct);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var document = await new HtmlParser().ParseDocumentAsync(await page.Content.ReadAsStringAsync(Ct), Ct);
        var fields = document.QuerySelectorAll("form input[name]").Where(i => i.GetAttribute("name") != "email").Select(i => new KeyValuePair<string, string>(i.GetAttribute("name")!, i.GetAttribute("value") ?? "")).ToList(); // selected by the name
        return new Client(http, string.Join("; ", page.Headers.GetValues("Set-Cookie").Select(c => c.Split(';')[0])), fields, idp.Issuer);
    }

    private static Task<Seen> AddressAsync(Client client, string email) => client.PostAsync("/signin", email);

    private static Task<Seen> PasswordAsync(Client client, string email) => client.PostAsync("/signin/password", email, new KeyValuePair<string, string>("password", "not the password of anybody"));

    [GeneratedRegex("nonce-[^']+")]
    private static partial Regex Nonce();

    /// <summary>What a cookie of one sign-in is found by.</summary>
    [GeneratedRegex(@"\.[A-Za-z0-9_-]+$")]
    private static partial Regex Handle();
}

[Collection(SqliteHost.Name)]
public sealed class EnumerationOnSqlite(SqliteIdp idp) : EnumerationTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class EnumerationOnPostgreSql(PostgreSqlIdp idp) : EnumerationTests(idp);
