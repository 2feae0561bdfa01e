using Microsoft.Playwright;
using TenantIdP.Demo;
using Xunit;

namespace TenantIdP.Browser.Tests;

/// <summary>One real Chromium for the run, and the demo that it visits.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? playwright;
    private IBrowser? browser;

    public DemoProcess Demo { get; } = new();

    public async ValueTask InitializeAsync()
    {
        // On a machine that is busy with other things, too; what is promised in seconds is asked by its own test.
        Assertions.SetDefaultExpectTimeout(20_000);
        var demo = Demo.InitializeAsync().AsTask();
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("TENANTIDP_TEST_CHROMIUM") ?? "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        await demo;
    }

    /// <summary>A fresh browser profile.</summary>
    /// <param name="hosts">Another demo than the one that all tests share.</param>
    public async Task<Visit> VisitAsync(bool javaScript = true, ColorScheme colors = ColorScheme.Light, int width = 1280, int height = 800, DemoHosts? hosts = null)
    {
        var context = await browser!.NewContextAsync(new BrowserNewContextOptions // launched before the tests
        {
            JavaScriptEnabled = javaScript,
            ColorScheme = colors,
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(20_000);
        return new Visit(context, await context.NewPageAsync(), hosts ?? Demo.Hosts, javaScript);
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
        await Demo.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class ChromiumRun : ICollectionFixture<Chromium>
{
    public const string Name = "chromium";
}
