using System.Net;
using System.Net.Sockets;
using TenantIdP.Demo;
using TenantIdP.Testing.Clients;
using Xunit;

namespace TenantIdP.Tests.Demo;

/// <summary>A domain of the demo is proven by a click, over a real datagram.</summary>
public sealed class DnsSandboxTests : IDisposable
{
    private readonly string state = Directory.CreateTempSubdirectory("tidp-demo-dns-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(state, recursive: true);

    [Fact]
    public async Task Initech_proves_its_domain_by_a_click_and_hostile_datagrams_change_nothing()
    {
        var hosts = new DemoHosts(DemoUniverseTests.FreePortBase());
        await using var demo = await DemoHost.StartAsync(DemoUniverse.On(hosts), state, Ct);
        using var stranger = new UdpClient(AddressFamily.InterNetwork);
        foreach (var bytes in new byte[][] { [], [1], new byte[12], [.. Enumerable.Repeat((byte)0xFF, 600)], [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63, 1], [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xC0, 12, 0, 16, 0, 1] }) await stranger.SendAsync(bytes, hosts.Dns, Ct);
        using var browser = new WebBrowser();
        var page = await browser.GetAsync(hosts.DnsPage, Ct);
        Assert.Contains("initech.test Pending", Words(page), StringComparison.Ordinal);

        var answer = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, "form[action='/dns/verify']");
        var after = await browser.GetAsync(hosts.DnsPage, Ct);

        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.Contains("initech.test Verified", Words(after), StringComparison.Ordinal);
        Assert.Contains("_tenantidp-challenge.initech.test TXT tenantidp-domain-verification=", Words(after), StringComparison.Ordinal);
    }

    private static string Words(WebPage page) => string.Join(' ', page.Document.Body!.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)); // it has one
}
