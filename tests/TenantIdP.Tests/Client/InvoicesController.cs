using Microsoft.AspNetCore.Mvc;
using TenantIdP.Client;

namespace TenantIdP.Tests.Client;

/// <summary>What an MVC application would have.</summary>
[ApiController]
[Route("mvc/invoices")]
public sealed class InvoicesController : ControllerBase
{
    [HttpGet, RequirePermission("invoices:read")]
    public ContentResult Read() => Content("read");

    [HttpPost, RequirePermission("invoices:write")]
    public ContentResult Write() => Content("written");
}
