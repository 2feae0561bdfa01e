using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core.Instance;
using TenantIdP.Server;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Nodes;

/// <summary>A host whose clock is five minutes ahead of its database's.</summary>
public sealed class HastyIdp(PostgreSqlCluster cluster) : IdpHost(new PostgreSqlStore(cluster))
{
    public const int Ahead = 300;

    protected override void Configure(WebApplicationBuilder builder) =>
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["TenantIdP:Development:ClockOffsetSeconds"] = $"{Ahead}" });
}

[Trait("Store", "PostgreSql")]
[Trait("Fault", "R7")]
public sealed class ClockTests(HastyIdp idp) : IClassFixture<HastyIdp>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_clock_that_differs_from_the_databases_is_a_warning_of_a_node_that_serves()
    {
        var state = idp.Services.GetRequiredService<NodeState>();
        await Waiting.UntilAsync(() => Task.FromResult(state.ClockIsWrong), TimeSpan.FromSeconds(30), "the clocks are compared", Ct);

        using var answer = await idp.Http.GetAsync(idp.Issuer + "/health/ready", Ct);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var ready = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
        Assert.Equal(("degraded", "clock_skew"), (ready.GetProperty("status").GetString(), ready.GetProperty("warnings")[0].GetProperty("code").GetString()));
        Assert.InRange(state.ClockOffset.TotalSeconds, HastyIdp.Ahead - 10, HastyIdp.Ahead + 10);
        Assert.InRange((idp.Services.GetRequiredService<TimeProvider>().GetUtcNow() - TimeProvider.System.GetUtcNow()).TotalSeconds, HastyIdp.Ahead - 1, HastyIdp.Ahead + 1);
    }

    [Theory]
    [InlineData("Production", "300")]
    [InlineData("Staging", "0")]
    [InlineData("Development", "soon")]
    [InlineData("Development", "86401")]
    public void A_wrong_clock_is_for_development_and_at_most_a_day(string environment, string value)
    {
        var refused = Assert.Throws<StartupException>(() => ServerApp.Build(
            ["--environment", environment, "--TenantIdP:Issuer=https://login.example.com", $"--TenantIdP:Development:ClockOffsetSeconds={value}", $"--ConnectionStrings:TenantIdP=Data Source={Path.GetTempPath()}never-opened.db"]));

        Assert.Contains("TenantIdP:Development:ClockOffsetSeconds", refused.Message, StringComparison.Ordinal);
    }
}
