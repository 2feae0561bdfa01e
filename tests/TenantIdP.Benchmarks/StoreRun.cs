using System.Net;
using AngleSharp.Html.Parser;
using TenantIdP.Core.Organizations;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;

namespace TenantIdP.Benchmarks;

/// <param name="Cpu">CPU seconds of the server from its start to the first 200.</param>
internal sealed record Start(double Cpu, double Megabytes);

/// <summary>Everything measured on one store, in the order of the table.</summary>
internal sealed class StoreRun(IdpHost host, Sizes sizes)
{
    private const int FewOrganizations = 100;

    // So many code paths are in a sign-in that a short warm-up measures the compiler: of two servers, that of the one which did less before.
    private const int LeastSignIns = 4_000;

    public List<(string Operation, Figure Ours, Figure? Bare)> Figures { get; } = [];

    public List<(int Organizations, Start Start)> Starts { get; } = [];

    public async Task RunAsync(Figure[] bare)
    {
        var ct = CancellationToken.None;
        await using var upstream = await TestUpstream.StartAsync(ct);
        var user = await host.CreateUserAsync($"jane@{host.UniqueHost()}", ct);
        var home = await host.CreateOrganizationAsync(ct);
        var other = await host.CreateOrganizationAsync(ct);
        await host.AddMemberAsync(home, user, ct);
        await host.AddMemberAsync(other, user, ct);
        var template = await host.CreateOrganizationAsync(ct);
        var domain = await host.VerifyDomainAsync(template, ct);
        await host.ConnectAsync(template, upstream, ct);
        using var idp = new TestSamlIdp($"https://{host.UniqueHost()}");
        var saml = await host.CreateOrganizationAsync(ct);
        var samlDomain = await host.VerifyDomainAsync(saml, ct);
        await host.ConnectSamlAsync(saml, idp, ct);
        var registration = (await host.CreateAppAsync(ct)).App;
        var (browser, _) = await host.SignedInAsync(user, ct);
        var cookie = browser.Cookies.GetCookieHeader(new Uri(host.Issuer));
        await Bulk.CopyAsync(host, template.Id, 1, FewOrganizations);

        await using (var server = await StartAsync(FewOrganizations))
        {
            var cpu = CpuOf(server);
            using var client = ClientOf(server, registration.ClientId, registration.Secret!, registration.RedirectUri); // an app with a secret
            using var machine = ClientOf(server, IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, "");
            var families = new string[Load.Workers];
            for (var i = 0; i < families.Length; i++) families[i] = await client.AuthorizeAsync(cookie, home.Id.ToString());
            var turn = new int[Load.Workers];
            string[] targets = [other.Id.ToString(), home.Id.ToString()];

            Add("client credentials", await Load.MeasureAsync(cpu, sizes, _ => machine.ClientCredentialsAsync()), bare[0]);
            Add("refresh", await Load.MeasureAsync(cpu, sizes, async w => families[w] = await client.RefreshAsync(families[w])), bare[1]);
            Add("refresh with switch", await Load.MeasureAsync(cpu, sizes, async w => families[w] = await client.RefreshAsync(families[w], targets[turn[w]++ % 2])), bare[1]);
            Add("authorize, code, tokens (signed in)", await Load.MeasureAsync(cpu, sizes, _ => client.AuthorizeAsync(cookie, home.Id.ToString())), bare[2]);
            await HomeRealmAsync(client, cpu, domain, FewOrganizations);
            await SamlAsync(client, cpu, idp, samlDomain, FewOrganizations);
        }

        await Bulk.CopyAsync(host, template.Id, FewOrganizations + 1, sizes.Organizations);
        await using (var server = await StartAsync(sizes.Organizations))
        {
            using var client = ClientOf(server, registration.ClientId, registration.Secret!, registration.RedirectUri); // as above
            await HomeRealmAsync(client, CpuOf(server), domain, sizes.Organizations);
            await SamlAsync(client, CpuOf(server), idp, samlDomain, sizes.Organizations);
        }
    }

    private async Task SamlAsync(Client client, Cpu cpu, TestSamlIdp idp, string domain, int connections) =>
        Add($"whole SAML sign-in, of {connections:N0} connections", await Load.MeasureAsync(cpu, sizes with { WarmUp = Math.Max(sizes.WarmUp, LeastSignIns) }, new SamlSignIn(client, idp, host.Issuer, domain).RunAsync));

    private async Task HomeRealmAsync(Client client, Cpu cpu, string domain, int organizations)
    {
        using var page = await client.SendAsync(HttpMethod.Get, "/signin", null, null);
        var cookie = string.Join("; ", page.Headers.GetValues("Set-Cookie").Select(c => c.Split(';')[0]));
        var document = await new HtmlParser().ParseDocumentAsync(await page.Content.ReadAsStringAsync());
        var fields = document.QuerySelectorAll("form input[name]").Where(i => i.GetAttribute("name") != "email")
            .Select(i => new KeyValuePair<string, string>(i.GetAttribute("name")!, i.GetAttribute("value") ?? "")).ToList(); // selected by the name

        Add($"email step, domain with SSO, of {organizations:N0}", await Load.MeasureAsync(cpu, sizes, _ => PostAsync($"jane@{domain}", HttpStatusCode.Redirect)));
        Add($"email step, unknown domain, of {organizations:N0}", await Load.MeasureAsync(cpu, sizes, _ => PostAsync("jane@nobody-has-this.example", HttpStatusCode.OK)));

        async Task PostAsync(string email, HttpStatusCode expected)
        {
            using var answer = await client.SendAsync(HttpMethod.Post, "/signin", fields.Append(new("email", email)), cookie);
            if (answer.StatusCode != expected) throw new InvalidOperationException($"{answer.StatusCode} for {email}");
        }
    }

    private void Add(string operation, Figure ours, Figure? bare = null)
    {
        Figures.Add((operation, ours, bare));
        Console.Error.WriteLine($"{host.Store.Settings["TenantIdP:Database:Provider"]}: {operation}: {ours.App:F2}+{ours.Database:F2}");
    }

    private async Task<ServerProcess> StartAsync(int organizations)
    {
        var server = ServerProcess.Start(new Dictionary<string, string?>(host.Store.Settings)
        {
            ["TenantIdP:Issuer"] = host.Issuer,
            ["Logging:LogLevel:Default"] = "Warning",
        });
        await server.ReadyAsync(CancellationToken.None, new Uri(host.Issuer).Authority);
        Starts.Add((organizations, new Start(server.Cpu.TotalSeconds, server.ResidentBytes / 1048576d)));
        return server;
    }

    private Cpu CpuOf(ServerProcess server) => new(() => server.Cpu, Cpu.PostmasterOf(host.Store.Settings));

    private Client ClientOf(ServerProcess server, string id, string secret, string redirect) => new(server.Address, new Uri(host.Issuer).Authority, id, secret, redirect);
}
