using TenantIdP.Server.Http.Outbound;
using Xunit;

namespace TenantIdP.Tests.Outbound;

[Trait("Attack", "G1")]
public sealed class OutboundTargetTests
{
    /// <summary>59 letters that are all different: taken by <see cref="Uri"/> as the name of a host, and as A-labels longer than a name may be.</summary>
    internal const string HostWithoutIdnForm = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûü.example";

    [Theory]
    [InlineData($"https://{HostWithoutIdnForm}/", OutboundRefusal.HostNotAllowed)]
    [InlineData("http://idp.example/", OutboundRefusal.UrlNotAllowed)]
    [InlineData("ftp://idp.example/", OutboundRefusal.UrlNotAllowed)]
    [InlineData("file:///etc/passwd", OutboundRefusal.UrlNotAllowed)]
    [InlineData("https://user@idp.example/", OutboundRefusal.UrlNotAllowed)]
    [InlineData("https://idp.example:secret@127.0.0.1/", OutboundRefusal.UrlNotAllowed)]
    [InlineData("https://idp.example:8443/", OutboundRefusal.PortNotAllowed)]
    [InlineData("https://idp.example:22/", OutboundRefusal.PortNotAllowed)]
    [InlineData("https://2130706433/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://134744072/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://0x7f.1/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://0x7f000001/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://017700000001/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://127.1/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://0/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://010.8.8.8/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://localhost/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://localhost./", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://x.localhost/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://intranet/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://idp.example./", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://127.0.0.1./", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://idp.0x7f/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://127.0.0.1/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://0.0.0.0/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://169.254.169.254/latest/meta-data/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://10.1.2.3/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://172.16.0.1/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://192.168.0.1/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://100.64.0.1/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://[::1]/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://[::ffff:7f00:1]/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://[fc00::1]/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://[fe80::1]/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://[64:ff9b::7f00:1]/", OutboundRefusal.AddressNotPublic)]
    public async Task A_url_that_is_not_plainly_public_is_refused_before_anything_is_resolved(string url, OutboundRefusal reason)
    {
        using var client = new TestClient(new OutboundOptions(), (_, _) => throw new InvalidOperationException("nothing may be resolved"));

        var refused = await client.RefusedAsync(url);

        Assert.Equal(reason, refused.Reason);
        Assert.Empty(client.Dialled);
    }

    [Fact]
    public void Full_width_digits_do_not_hide_a_loopback_address() =>
        Assert.NotNull(OutboundTarget.Judge(new Uri("https://１２７。０。０。１/"), new OutboundOptions()));

    [Theory]
    [InlineData("https://idp.example/a?b=c@d:8443")]
    [InlineData("https://idp.example:443/")]
    [InlineData("https://IDP.Example")]
    [InlineData("https://bücher.example/")]
    [InlineData("https://8.8.8.8/")]
    [InlineData("https://[2606:4700::1111]/")]
    public void An_ordinary_url_may_be_tried(string url) => Assert.Null(OutboundTarget.Judge(new Uri(url), new OutboundOptions()));

    [Theory]
    [InlineData("https://keycloak:8443/", true)]
    [InlineData("https://keycloak/", false)]
    [InlineData("https://keycloak:9000/", false)]
    [InlineData("http://keycloak:8443/", false)]
    [InlineData("https://10.0.0.5/", true)]
    [InlineData("https://10.0.0.5:6379/", false)]
    [InlineData("https://10.0.0.6/", false)]
    [InlineData("https://[fd00::1]:8443/", true)]
    [InlineData("https://sub.keycloak:8443/", false)]
    public void The_allow_list_names_exact_hosts_and_ports(string url, bool allowed)
    {
        var options = new OutboundOptions { AllowedHosts = ["keycloak:8443", "10.0.0.5", "[fd00::1]:8443"] };

        Assert.Equal(allowed, OutboundTarget.Judge(new Uri(url), options) is null);
    }

    [Theory]
    [InlineData("http://localhost:5000/")]
    [InlineData("http://127.0.0.1:5001/.well-known/openid-configuration")]
    public void Development_hosts_may_be_plain_loopback(string url)
    {
        Assert.NotNull(OutboundTarget.Judge(new Uri(url), new OutboundOptions()));
        Assert.Null(OutboundTarget.Judge(new Uri(url), new OutboundOptions().ForDevelopmentHosts()));
    }
}
