using System.Net;
using System.Text.RegularExpressions;
using TenantIdP.Tests.House;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

using Node = System.Collections.Generic.Dictionary<object, object>;

namespace TenantIdP.Tests.Deployment;

/// <summary>docker-compose.yml and the Dockerfile, read as Docker reads them.</summary>
public sealed partial class ComposeTests
{
    private static readonly string[] Servers = ["server-1", "server-2"];

    private readonly Node compose = Read();

    [Fact]
    public void It_has_a_database_two_servers_a_proxy_and_the_demo_only_when_asked_for()
    {
        Assert.Equal(["demo", "postgres", "proxy", "server-1", "server-2"], Services().Keys.Cast<string>().Order(StringComparer.Ordinal));
        Assert.Equal(["demo"], List(Service("demo")["profiles"]));
        Assert.All(Services().Where(s => (string)s.Key != "demo"), s => Assert.False(((Node)s.Value).ContainsKey("profiles")));
    }

    [Fact]
    public void Images_are_pinned_to_a_tag_that_says_a_version()
    {
        Assert.All(Services().Values.Cast<Node>(), service => Assert.Matches(@"^[a-z0-9./-]+:[0-9]+\.[0-9]+[a-z0-9.-]*$", (string)service["image"]));
        Assert.All(Froms(), from => Assert.True(from.StartsWith("build", StringComparison.Ordinal) || PinnedBase().IsMatch(from), from));
    }

    [Fact]
    public void No_secret_has_a_default_and_a_missing_one_is_named()
    {
        var text = Text("docker-compose.yml");
        var used = Variable().Matches(text).Select(m => (Name: m.Groups[1].Value, Otherwise: m.Groups[2].Value)).ToList();

        Assert.All(used.Where(v => Secret().IsMatch(v.Name)), v => Assert.StartsWith(":?", v.Otherwise, StringComparison.Ordinal));
        Assert.All(Servers.Append("postgres"), name =>
            Assert.All(Environment(name).Where(e => Secret().IsMatch(e.Key) || e.Key.Contains("ConnectionStrings", StringComparison.Ordinal)), e => Assert.Contains("${", e.Value, StringComparison.Ordinal)));
        Assert.Contains(used, v => v.Name == "TENANTIDP_ENCRYPTION_KEY");
        Assert.Empty(LongRandom().Matches(text).Select(m => m.Value)); // none written down
    }

    [Fact]
    public void Both_servers_are_the_same_in_the_shape_of_production()
    {
        var (first, second) = (Environment("server-1"), Environment("server-2"));

        Assert.Equal(first.OrderBy(e => e.Key), second.OrderBy(e => e.Key));
        Assert.Equal(Service("server-1").Keys.Cast<string>().Order(), Service("server-2").Keys.Cast<string>().Order());
        Assert.Equal(("Production", "PostgreSql"), (first["ASPNETCORE_ENVIRONMENT"], first["TenantIdP__Database__Provider"]));
        Assert.All(Servers, name =>
        {
            var service = Service(name);
            Assert.Equal("true", service["read_only"]);
            Assert.Equal(["ALL"], List(service["cap_drop"]));
            Assert.False(service.ContainsKey("ports")); // reached through the proxy alone
            Assert.Equal("server", ((Node)service["build"])["target"]);
        });
    }

    [Fact]
    public void The_servers_believe_the_proxy_and_nobody_else()
    {
        var proxy = (string)((Node)((Node)Service("proxy")["networks"])["inside"])["ipv4_address"];

        Assert.All(Servers, name =>
        {
            var networks = Environment(name).Where(e => e.Key.StartsWith("TenantIdP__Proxy__KnownNetworks__", StringComparison.Ordinal)).Select(e => e.Value).ToList();
            Assert.Equal([proxy + "/32"], networks);
            Assert.Equal("1", Environment(name)["TenantIdP__Proxy__Hops"]);
        });
        var subnet = (string)((Node)((List<object>)((Node)((Node)((Node)compose["networks"])["inside"])["ipam"])["config"])[0])["subnet"];
        Assert.True(System.Net.IPNetwork.Parse(subnet).Contains(IPAddress.Parse(proxy)));
    }

    [Fact]
    public void Every_service_of_production_says_whether_it_is_healthy_and_is_waited_for()
    {
        Assert.All(Servers.Append("postgres").Append("proxy"), name => Assert.True(Service(name).ContainsKey("healthcheck"), name));
        Assert.All(Servers, name =>
        {
            // No shell in the image: the exec form, and our own command.
            Assert.Equal(["CMD", "dotnet", "TenantIdP.Server.dll", "health", "--url", "http://127.0.0.1:8080/health/ready"], List(((Node)Service(name)["healthcheck"])["test"]));
            Assert.Equal("service_healthy", ((Node)((Node)Service(name)["depends_on"])["postgres"])["condition"]);
            Assert.Equal("service_healthy", ((Node)((Node)Service("proxy")["depends_on"])[name])["condition"]);
        });
    }

    [Fact]
    public void What_it_mounts_from_here_exists_and_is_read_only()
    {
        var mounts = List(Service("proxy")["volumes"]).Where(v => v.StartsWith("./", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(mounts);
        Assert.All(mounts, mount =>
        {
            Assert.EndsWith(":ro", mount, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(SourceTree.Root, mount.Split(':')[0])), mount);
        });
        var proxied = Text("docs/operations/proxy/nginx.conf");
        Assert.All(Servers, name => Assert.Contains($"server {name}:{Environment(name)["ASPNETCORE_HTTP_PORTS"]} ", proxied, StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(SourceTree.Root, (string)((Node)Service("server-1")["build"])["dockerfile"])));
    }

    [Fact]
    public void The_image_is_chiselled_runs_as_nobody_in_particular_and_is_compiled_ahead()
    {
        var lines = Text("src/TenantIdP.Server/Dockerfile").Split('\n');
        var final = lines[Array.FindLastIndex(lines, l => l.StartsWith("FROM ", StringComparison.Ordinal))..];

        Assert.Matches(@"^FROM mcr\.microsoft\.com/dotnet/aspnet:10\.0-noble-chiseled(-extra)? AS server$", final[0]);
        Assert.Contains("USER $APP_UID", final);
        Assert.DoesNotContain(final, line => line.StartsWith("RUN ", StringComparison.Ordinal)); // there is no shell
        Assert.All(final.Where(l => l.StartsWith("ENTRYPOINT", StringComparison.Ordinal) || l.Contains("CMD ", StringComparison.Ordinal)), line => Assert.Contains("[\"", line, StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("-r linux-x64", StringComparison.Ordinal));
        Assert.Contains("<PublishReadyToRun Condition=\"'$(RuntimeIdentifier)' != ''\">true", Text("src/TenantIdP.Server/TenantIdP.Server.csproj"), StringComparison.Ordinal);
    }

    private static Node Read()
    {
        using var text = new StreamReader(Path.Combine(SourceTree.Root, "docker-compose.yml"));
        return new DeserializerBuilder().Build().Deserialize<Node>(new MergingParser(new Parser(text)));
    }

    private static string Text(string path) => File.ReadAllText(Path.Combine(SourceTree.Root, path));

    private static IEnumerable<string> Froms() => Text("src/TenantIdP.Server/Dockerfile").Split('\n').Where(l => l.StartsWith("FROM ", StringComparison.Ordinal)).Select(l => l["FROM ".Length..]);

    private Node Services() => (Node)compose["services"];

    private Node Service(string name) => (Node)Services()[name];

    private Dictionary<string, string> Environment(string name) => ((Node)Service(name)["environment"]).ToDictionary(e => (string)e.Key, e => (string)e.Value);

    private static List<string> List(object node) => [.. ((List<object>)node).Cast<string>()];

    [GeneratedRegex(@"^mcr\.microsoft\.com/dotnet/[a-z]+:10\.0-noble[a-z-]* AS [a-z]+$")]
    private static partial Regex PinnedBase();

    [GeneratedRegex(@"\$\{([A-Z_]+)([^}]*)\}")]
    private static partial Regex Variable();

    [GeneratedRegex("PASSWORD|SECRET|KEY", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex("[A-Za-z0-9+/=]{40,}")]
    private static partial Regex LongRandom();
}
