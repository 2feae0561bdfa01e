using TenantIdP.Core.Domains;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>Which names an organization may claim at all.</summary>
[Trait("Attack", "C6")]
public sealed class ClaimableHostTests
{
    private static readonly ClaimableHosts Hosts = new(new DomainOptions());

    private static string? CodeOf(ClaimableHosts hosts, string host) => hosts.Check(HostName.Parse(host)).Error?.Code;

    [Theory]
    [InlineData("acme.com", null)]
    [InlineData("eng.acme.co.uk", null)]
    [InlineData("acme.github.io", null)]
    [InlineData("www.ck", null)] // an exception of the list
    [InlineData("co.uk", "domain_public_suffix")]
    [InlineData("github.io", "domain_public_suffix")]
    [InlineData("anything.ck", "domain_public_suffix")] // by its wildcard
    [InlineData("city.kawasaki.jp", null)]
    [InlineData("kawasaki.jp", "domain_public_suffix")]
    [InlineData("公司.cn", "domain_public_suffix")]
    [InlineData("acme.公司.cn", null)]
    [InlineData("gmail.com", "domain_consumer")]
    [InlineData("team.gmail.com", "domain_consumer")]
    [InlineData("notgmail.com", null)]
    [InlineData("gmail.com.acme.com", null)]
    [InlineData("outlook.de", "domain_consumer")]
    [InlineData("yahoo.co.jp", "domain_consumer")]
    [InlineData("mailinator.com", "domain_disposable")]
    [InlineData("x.yopmail.com", "domain_disposable")]
    [InlineData("acme.test", "domain_reserved")]
    [InlineData("acme.local", "domain_reserved")]
    [InlineData("www.example.com", "domain_reserved")]
    [InlineData("router.home.arpa", "domain_reserved")]
    [InlineData("metadata.google.internal", "domain_reserved")]
    public void Names_that_are_everybodys_are_refused(string host, string? code) => Assert.Equal(code, CodeOf(Hosts, host));

    [Fact]
    public void Development_and_an_instance_allow_more()
    {
        Assert.Null(CodeOf(new ClaimableHosts(new DomainOptions().ForDevelopment()), "acme.test"));
        var allowing = new ClaimableHosts(new DomainOptions { Allowed = ["corp.local", "gmail.com", "co.uk"] });
        Assert.Null(CodeOf(allowing, "eu.corp.local"));
        Assert.Null(CodeOf(allowing, "gmail.com"));
        Assert.Null(CodeOf(allowing, "co.uk"));
        Assert.Equal("domain_reserved", CodeOf(allowing, "other.local"));
        Assert.Equal("domain_consumer", CodeOf(allowing, "googlemail.com"));
    }

    [Fact]
    public void Files_of_an_instance_replace_the_suffixes_and_add_to_the_refused()
    {
        var folder = Directory.CreateTempSubdirectory("tidp-lists-").FullName;
        var (suffixes, refused, wrong) = (Path.Combine(folder, "suffixes"), Path.Combine(folder, "refused"), Path.Combine(folder, "wrong"));
        File.WriteAllText(suffixes, "// shorter\ncom\nco.uk\nacme.com\n");
        File.WriteAllText(refused, "# ours\n@freemail.acme.net  # everybody's\nBÜCHER.example.\n");
        File.WriteAllText(wrong, "no list\n");
        var hosts = new ClaimableHosts(new DomainOptions { PublicSuffixFile = suffixes, RefusedFile = refused }.ForDevelopment());

        Assert.Equal("domain_public_suffix", CodeOf(hosts, "acme.com"));
        Assert.Null(CodeOf(hosts, "github.io"));
        Assert.Equal("domain_consumer", CodeOf(hosts, "x.freemail.acme.net"));
        Assert.Equal("domain_consumer", CodeOf(hosts, "bücher.example"));
        Assert.Equal("domain_consumer", CodeOf(hosts, "gmail.com"));
        Assert.Throws<StartupException>(() => new ClaimableHosts(new DomainOptions { PublicSuffixFile = wrong }));
        Assert.Throws<StartupException>(() => new ClaimableHosts(new DomainOptions { RefusedFile = Path.Combine(folder, "missing") }));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("a.b.acme.co.uk", "acme.co.uk")]
    [InlineData("acme.com", "acme.com")]
    [InlineData("a.b.github.io", "b.github.io")]
    [InlineData("x.www.ck", "www.ck")]
    [InlineData("a.b.c.ck", "b.c.ck")]
    [InlineData("a.b.unheard-of", "b.unheard-of")]
    public void The_registrable_domain_is_the_suffix_and_one_label(string host, string registrable) => Assert.Equal(registrable, Hosts.Suffixes.RegistrableOf(HostName.Parse(host)).Value);

    [Theory]
    [InlineData("Dns", "Operator")]
    [InlineData("Dns", "Dns")]
    public void Methods_that_prove_nothing_are_no_setting(params string[] methods) =>
        Assert.Throws<StartupException>(() => Settings.Read<DomainOptions>(DomainOptions.Section, () => new DomainOptions { AuthorityMethods = [.. methods.Select(Enum.Parse<VerificationMethod>)] }));

    [Theory]
    [InlineData("dns.example.com")]
    [InlineData("1.1.1.1:99999")]
    [InlineData("")]
    public void A_resolver_is_an_address(string resolver) => Assert.Throws<StartupException>(() => Settings.Read<DomainOptions>(DomainOptions.Section, () => new DomainOptions { Resolvers = [resolver] }));
}
